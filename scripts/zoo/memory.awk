# SPDX-License-Identifier: GPL-2.0-or-later
# zoo-scenario: pages, areas and per-CPU memory.

# A block of 2^order pages from page frame "pfn" on, known by "a"; "ask" tells where ours begins.
# If theirs is the one of this order that was freed last, which lies first on its list, ours is. In
# a row of such calls a larger block is taken apart from its start on.
function block(a, pfn, order, ask,    keep) {
	keep = "f[" number "]"
	expect("align >= " 4096 * 2 ^ order)
	reuse(pfn, order, "pfn ")
	say(keep " = " element() " == NULL ? 0 : " ask)
	if (last_block == number - 1 && order == last_order && pfn == last_pfn + 2 ^ order)
		expect(keep " % 1024 == 0 || " keep " == f[" number - 1 "] + " 2 ^ order)
	last_block = number
	last_order = order
	last_pfn = pfn
	block_is(a, pfn, order, keep)
}

function block_is(a, pfn, order, keep) {
	block_begin[a] = pfn
	block_order[a] = order
	block_var[a] = keep
}

function reuse(pfn, order, what,    top) {
	top = nr_freed[order]
	if (!top || freed[order, top] != pfn)
		return
	expect(what freed_as[order, top])
	nr_freed[order]--
}

# Block "name" of 2^order pages, theirs at "pfn", ours where variable "keep" says, is freed.
function block_freed(pfn, order, keep) {
	nr_freed[order]++
	freed[order, nr_freed[order]] = pfn
	freed_as[order, nr_freed[order]] = keep
}

function zone_name(nr) {
	return nr + 0 == 0 ? "DMA" : nr + 0 == 1 ? "DMA32" : "Normal"
}

# "page=ffff... pfn=0x1 zone=1"
function pages(ret, order,    page) {
	page = at(field(ret, "page"))
	if (page == 0) {
		expect("fail")
		# Theirs had none, so that it will not free any.
		say("if " element() " != NULL { __free_pages(" element() ", " order ") }")
		return
	}
	own(page, element())
	expect("zone " zone_name(field(ret, "zone")))
	block(page, at(field(ret, "pfn")), order, "page_to_pfn(" element() ")")
}

# Of huge pages, or of small ones; more than that is chance.
function area_align(a) {
	return lowest_bit(a) >= 2097152 ? "2M" : "PAGE_SIZE"
}

# An area of "size" bytes: behind the guard page of the one before, if theirs was.
function area(ret, size, align_to,    a) {
	a = at(ret)
	if (a == 0) {
		expect("fail")
		return
	}
	own(a, element())
	expect("is_vmalloc_addr(" element() ")")
	expect("(" element() " - NULL) % " (align_to ? align_to : area_align(a)) " == 0")
	if (a in area_at)
		expect(element() " == " area_at[a])
	else if (last_area != "")
		expect(element() " != " last_area)
	# Above 2 MiB the array of its pages is an area of its own, which may lie between.
	if (last_area != "" && a == area_end && area_end - area_start <= 2097152 + 4096)
		expect(element() " - " last_area " == " dec(a - area_start))
	area_at[a] = last_area = element()
	area_start = a
	area_end = dec(a + (int((size + 4095) / 4096) + 1) * 4096)
}

# Per-CPU memory, behind the one before, if theirs was.
function percpu(a, size, align_to, name) {
	if (a == 0) {
		expect("fail")
		return
	}
	a = dec(a)
	own(a, name)
	if (!pass)
		percpu_size[a] = percpu_size[a] + 0 < size + 0 ? size : percpu_size[a]
	expect("(" name " - NULL) % " align_to " == 0")
	if (a in percpu_at)
		expect(name " == " percpu_at[a])
	if (percpu_last != "" && a == percpu_end + (align_to - percpu_end % align_to) % align_to)
		expect(name " - " percpu_last " == " dec(a - percpu_start))
	percpu_at[a] = percpu_last = name
	percpu_start = a
	percpu_end = dec(a + int((size + 3) / 4) * 4)
}

# Per-CPU memory of which nothing is free but what the log got: of the first chunk, counted from its
# end, and of the second, from its start. Chunks lie far apart. While the first is full the second
# is laid out, from its start on: what was taken, and what was free, which is given back; the last
# hole stays as it is. Then the first, likewise.
function prime_percpu() {
	say("n = 0")
	say("while 1 {")
	say("	x[n] = __alloc_percpu(8, 8)")
	say("	if n && abs(x[n] - x[n - 1]) > 1M { break }")
	say("	n = n + 1")
	say("}")
	say("free_percpu(x[n])")
	holes(0)
	lay_out_percpu("lo[j]", "hi[j]")
	holes(1)
	say("if holes { for i in 0..n - 1 { free_percpu(x[i]) } }")
	lay_out_percpu("8 * n - hi[j]", "8 * n - lo[j]")
}

function lay_out_percpu(low, high) {
	say("o = 0")
	say("for j in 0..holes - 1 step 1 {")
	say("	if " low " > o { __alloc_percpu(" low " - o, 8) }")
	say("	if j < holes - 1 { y[j] = __alloc_percpu(" high " - (" low "), 8) }")
	say("	o = " high)
	say("}")
	say("for j in 0..holes - 2 step 1 { free_percpu(y[j]) }")
}

# What was free, where a few bytes between two areas are only their alignment.
function holes(first,    nr, i, from, low, high, told) {
	nr = sort_percpu(first)
	if (!nr) {
		say("holes = 0")
		return
	}
	from = int(sorted[0] / 2097152) * 2097152
	high = sorted[nr - 1] + percpu_size[dec(sorted[nr - 1])]
	if (first)
		from = int((high + 4095) / 4096) * 4096
	high = 0
	for (i = 0; i < nr; i++) {
		if (i && sorted[i] >= high + 8) {
			tell_hole(first, told++, from, low, high)
			low = sorted[i]
		}
		low = i ? low : sorted[0]
		if (sorted[i] + percpu_size[dec(sorted[i])] > high)
			high = sorted[i] + percpu_size[dec(sorted[i])]
	}
	tell_hole(first, told++, from, low, first ? from : high)
	say("holes = " told)
}

function tell_hole(first, i, from, low, high) {
	if (first)
		say("lo[" i "] = " from - high "; hi[" i "] = " from - low)
	else
		say("lo[" i "] = " dec(low - from) "; hi[" i "] = " dec(high - from))
}

# Addresses of one of the chunks, ascending.
function sort_percpu(first,    a, nr, i) {
	for (a in percpu_size) {
		a += 0
		if ((a < 1073741824) != first)
			continue
		for (i = nr++; i && sorted[i - 1] > a; i--)
			sorted[i] = sorted[i - 1]
		sorted[i] = a
	}
	return nr + 0
}
