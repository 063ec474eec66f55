# SPDX-License-Identifier: GPL-2.0-or-later
# zoo-scenario: calls of the log, one function each.

function call_small(ret,    gfp) {
	sub(/^const /, "", arg[1])
	gfp = name ~ /_array$|^kcalloc$/ ? arg[3] : arg[2]
	assign(name "(" list(1, nr_args) ")")
	small(ret, gfp)
}

# What these copy does not matter; the text of kasprintf() is as long as it is.
function call_copy(ret,    size) {
	if (name == "kstrdup")
		assign("kmalloc(" length(arg[1]) - 1 ", " arg[2] ")")
	else if (name == "kasprintf")
		assign("kmalloc(" length("1-2") + 1 ", " arg[1] ")")
	else
		assign("kmalloc(" list(1, 2) ")")
	small(ret, name == "kasprintf" ? arg[1] : arg[2])
}

function call_krealloc(ret,    old, from) {
	from = at(arg[1]) + 0
	old = ours(arg[1])
	assign("krealloc(" old ", " list(2, nr_args) ")")
	if (from > 16 && address(ret) > 16)
		expect(element() (address(ret) == from ? " == " : " != ") old)
	small(ret, arg[3])
}

# A block is known by the variable that says where ours begins, and by its order.
function call_free(    a, order) {
	a = at(arg[1])
	if (name ~ /page|kfree$|kvfree$/ && a in block_begin) {
		order = block_order[a]
		block_freed(block_begin[a], order, block_var[a])
		delete block_begin[a]
	}
	if (name == "free_pages_exact")
		exact_freed(a)
	say(name "(" ours(arg[1]) (nr_args > 1 ? ", " arg[2] : "") ")")
}

# kfree_sensitive(kmalloc(77)): the object is seen, then it is gone.
function call_sensitive(ret) {
	gsub(/[^0-9]/, "", arg[1])
	assign("kmalloc(" arg[1] ", GFP_KERNEL)")
	small(ret, "GFP_KERNEL")
	say("kfree_sensitive(" element() ")")
}

function call_create(ret,    cache, size) {
	cache = arg[1]
	size = field(ret, "object_size")
	prime_cache(cache, size)
	sub(/^ctor=/, "", arg[nr_args])
	say("c_" cache " = " name "(\"" cache "\", " list(2, nr_args) ")")
	expect("c_" cache " != NULL")
	if (size != "")
		expect("kmem_cache_size(c_" cache ") == " size)
}

function call_cache_alloc(ret) {
	assign(name "(c_" arg[1] ", " arg[2] ")")
	object(element(), at(ret), "o_" arg[1])
}

function call_cache_free() {
	say(name "(c_" arg[1] ", " ours(arg[2]) ")")
}

function call_shrink(ret) {
	expect(name "(c_" arg[1] ") == " ret)
}

function call_destroy() {
	finish_shape("o_" arg[1])
	say(name "(c_" arg[1] ")")
	expect("ok")
}

function call_alloc_bulk(ret) {
	say("n = " name "(c_" arg[1] ", " list(2, 3) ", b[])")
	expect("n == " ret)
	bulk_of = "o_" arg[1]
}

function call_free_bulk() {
	say(name "(c_" arg[1] ", " arg[2] ", b[])")
}

function call_pages(ret,    i) {
	if (behind ~ /and split_page/) {
		call_split(ret)
		return
	}
	assign(name "(" list(1, nr_args) ")")
	pages(ret, name == "alloc_page" ? 0 : arg[2])
}

# Each page is freed alone.
function call_split(ret,    page, pfn, i) {
	assign(name "(" list(1, nr_args) ")")
	pages(ret, arg[2])
	say("split_page(" element() ", s[])")
	page = at(field(ret, "page"))
	pfn = at(field(ret, "pfn"))
	delete block_begin[page]
	for (i = 0; i < 2 ^ arg[2]; i++) {
		own(dec(page + 64 * i), "s[" i "]")
		say("fs[" i "] = page_to_pfn(s[" i "])")
		block_is(dec(page + 64 * i), dec(pfn + i), 0, "fs[" i "]")
	}
}

# __get_free_pages(), get_zeroed_page(), alloc_pages_exact().
function call_free_pages_of(ret,    a, pfn, order) {
	a = address(ret)
	assign(name "(" list(1, nr_args) ")")
	if (a == 0) {
		expect("fail")
		return
	}
	pfn = dec((a - page_offset) / 4096)
	a = dec(a)
	own(a, element())
	order = name == "get_zeroed_page" ? 0 : order_of(arg[1])
	if (name == "__get_free_pages")
		order = arg[2]
	block(a, pfn, order, "virt_to_pfn(" element() ")")
	if (name != "alloc_pages_exact")
		return
	delete block_begin[a]
	exact_begin[a] = pfn
	exact_var[a] = "f[" number "]"
}

# Its pages are freed one by one.
function exact_freed(a,    i) {
	for (i = 0; i * 4096 < arg[2]; i++)
		block_freed(dec(exact_begin[a] + i), 0, exact_var[a] " + " i)
}

function call_page_bulk(ret) {
	say("n = " name "(" list(1, 2) ", b[])")
	expect("n == " ret)
}

function call_area(ret,    size) {
	size = arg[1] == "1UL << 50" ? 2 ^ 50 : arg[1]
	sub(/1UL/, "1", arg[1])
	if (behind ~ /memalloc_nofs_save/)
		say("scope nofs { " element() " = " name "(" list(1, nr_args) ") }")
	else
		assign(name "(" list(1, nr_args) ")")
	area(ret, size)
}

# "vmap(8 pages)", and the same pages in "vm_map_ram(8 pages, -1)"; where they come from is not
# logged.
function call_map(ret,    nr) {
	nr = arg[1] + 0
	if (!mapped_pages) {
		say("for i in 0.." nr - 1 " { v[i] = alloc_page(GFP_KERNEL) }")
		mapped_pages = nr
	}
	assign(name "(v[], " nr (nr_args > 1 ? ", " arg[2] : "") ")")
	area(ret, nr * 4096, name == "vmap" ? "PAGE_SIZE" : "1M")
}

function call_unmap() {
	say(name "(" ours(arg[1]) ", " arg[2] ")")
	say("for i in 0.." mapped_pages - 1 " { __free_page(v[i]) }")
	mapped_pages = 0
}

# It is told whether it is of vmalloc(), or the address shows.
function call_kv(ret,    a, mapped, part) {
	a = address(ret)
	if (name == "kvrealloc") {
		# Before 6.12 it was told the old size, too.
		split(kernel, part, ".")
		if (part[1] * 100 + part[2] >= 612)
			sub(/^.* -> /, "", arg[2])
		sub(/ -> /, ", ", arg[2])
		arg[1] = ours(arg[1])
	}
	assign(name "(" kv_args() ")")
	if (a == 0) {
		expect("fail")
		return
	}
	own(dec(a), element())
	mapped = a >= vmalloc_start && a < vmemmap
	expect("is_vmalloc_addr(" element() ") == " mapped)
	if (mapped)
		expect("(" element() " - NULL) % " area_align(a) " == 0")
}

# "16 MiB"
function kv_args(    text) {
	text = list(1, nr_args)
	gsub(/ MiB/, "M", text)
	return text
}

function call_percpu(ret) {
	if (name == "alloc_percpu") {
		arg[1] = 8
		arg[2] = 8
		nr_args = 2
	}
	assign(name "(" list(1, nr_args) ")")
	percpu(address(ret), arg[1], arg[2], element())
}

function call_create_pool(ret) {
	assign(name "(" arg[1] ", " (name ~ /slab/ ? "c_" : "") arg[2] ")")
	expect(element() " != NULL")
	own(at(ret), element())
	pool_of[at(ret)] = number
}

# Two that are in use are never the same.
function call_pool_alloc(ret,    a) {
	a = at(ret)
	assign(name "(" ours(arg[1]) ", " arg[2] ")")
	if (a == 0) {
		expect("fail")
		return
	}
	expect("ok")
	object(element(), a, "m" pool_of[at(arg[1])])
}

function call_pool_free() {
	say(name "(" ours(arg[1]) ", " ours(arg[2]) ")")
}

function call_pool_resize(ret) {
	expect(name "(" ours(arg[1]) ", " arg[2] ") == " ret)
}
