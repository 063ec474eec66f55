# SPDX-License-Identifier: GPL-2.0-or-later
# zoo-scenario: text, numbers and what is printed.

# The number of a hexadecimal text, as text; of its last 48 bits, since awk has no more.
function at(text,    i, value) {
	sub(/^0x/, "", text)
	if (length(text) > 12)
		text = substr(text, length(text) - 11)
	for (i = 1; i <= length(text); i++)
		value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return dec(value)
}

# The address that a result begins with, as a number.
function address(ret) {
	sub(/ .*/, "", ret)
	return at(ret) + 0
}

# A number above 31 bits, as text.
function dec(value) {
	return sprintf("%.0f", value)
}

# The value behind "key=".
function field(text, key,    from) {
	from = index(" " text, " " key "=")
	if (!from)
		return ""
	text = substr(text, from + length(key) + 1)
	sub(/ .*/, "", text)
	return text
}

function trim(text) {
	sub(/^ +/, "", text)
	sub(/ +$/, "", text)
	return text
}

# "f(a, g(b, c)) more": name, arg[], nr_args, behind.
function split_call(text,    i, ch, depth, quoted, cur) {
	name = text
	sub(/\(.*/, "", name)
	nr_args = 0
	for (i = length(name) + 2; i <= length(text); i++) {
		ch = substr(text, i, 1)
		if (ch == "\"")
			quoted = !quoted
		else if (!quoted)
			depth += (ch == "(") - (ch == ")")
		if (depth < 0)
			break
		if (ch == "," && !depth && !quoted) {
			arg[++nr_args] = trim(cur)
			cur = ""
		} else {
			cur = cur ch
		}
	}
	arg[++nr_args] = trim(cur)
	behind = substr(text, i + 1)
}

function list(from, to,    i, text) {
	for (i = from; i <= to; i++)
		text = text (i > from ? ", " : "") arg[i]
	return text
}

function lowest_bit(value,    bit) {
	for (bit = 1; value % (bit * 2) == 0 && bit < 1073741824; bit *= 2)
		;
	return bit
}

function gcd(a, b,    t) {
	while (b) {
		t = a % b
		a = b
		b = t
	}
	return a
}

function distance(a, b) {
	return a - b > 0 ? a - b : b - a
}

function order_of(size,    order) {
	while (4096 * 2 ^ order < size)
		order++
	return order + 0
}

function say(text) {
	if (pass)
		print tabs text
}

function expect(text) {
	say("expect " text)
}

# What our call gives.
function element() {
	return "p[" number "]"
}

function assign(text) {
	say(element() " = " text)
}

# Who was given "a" is "name" from here on.
function own(a, name) {
	owner[a] = name
}

# Our name of their address.
function ours(a) {
	a = at(a)
	if (a == 0)
		return "NULL"
	if (a == 16)
		return "ZERO_SIZE_PTR"
	if (a in owner)
		return owner[a]
	if (pass)
		print "zoo-scenario: call " number ": nothing is known of " a | "cat 1>&2"
	return "NULL"
}
