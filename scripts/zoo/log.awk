# SPDX-License-Identifier: GPL-2.0-or-later
# zoo-scenario: sections and lines of the log, read twice: to see what will be, and to tell it.

# As many blocks of order 7 free in each zone as the log got: the first of those that there are.
# They are counted twice, since taking blocks from other migratetypes raises the watermarks until
# kswapd has run, and the first time makes all of them unmovable.
function prime_pages() {
	say("n = 0")
	say("repeat 2 {")
	say("	for i in 0..n - 1 step 1 { __free_pages(h[i], 7) }")
	say("	sleep 100ms; n = 0")
	say("	while 1 {")
	say("		h[n] = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 7)")
	say("		if h[n] == NULL { break }")
	say("		n = n + 1")
	say("	}")
	say("}")
	say("dma = " sevens["DMA"] "; other = " sevens["DMA32"])
	say("for i in 0..n - 1 {")
	say("	if page_zonenum(page_to_pfn(h[i])) == \"DMA\" { left = dma; dma = dma - 1 }")
	say("	else { left = other; other = other - 1 }")
	say("	if left > 0 { __free_pages(h[i], 7) }")
	say("}")
	say("sleep 100ms")
}

function begin_section(title) {
	end_section()
	say("")
	say("section \"" title "\"")
	if (title ~ /^scope /)
		begin_scopes(title)
	else if (title ~ /^high orders/)
		prime_pages()
	else if (title == "per-CPU memory")
		prime_percpu()
	else if (title ~ /^20000 random/)
		say_random()
	else if (title ~ /^what is left/)
		say("n = 0; for i in 0..1023 { if used[i] { kfree(r[i]); n = n + 1 } }")
	section = title
}

# "scope memalloc_nofs in memalloc_noio"
function begin_scopes(title,    word, nr) {
	nr = split(title, word, " ")
	for (; nr > 0; nr--) {
		if (!sub(/^memalloc_/, "", word[nr]))
			continue
		say("scope " word[nr] " {")
		tabs = tabs "	"
	}
}

function end_section() {
	while (tabs != "") {
		tabs = substr(tabs, 2)
		say("}")
	}
	if (section ~ /^20000 random/ && random_calls) {
		expect("n == " random_calls)
		expect("frees == " random_frees)
		expect("bytes == " random_bytes)
	} else if (section ~ /^what is left/ && random_frees) {
		expect("n == " random_frees)
	}
	random_calls = random_frees = random_bytes = 0
	section = ""
}

# The loop of the module, and what its events count up to, where the recording has them.
function say_random() {
	say("x = 12345; n = 0; frees = 0; bytes = 0")
	say("for i in 0..1023 { used[i] = 0 }")
	say("repeat 20000 {")
	say("	x = (x ^ x << 13) & U32_MAX; x = x ^ x >> 17; x = (x ^ x << 5) & U32_MAX")
	say("	slot = x % 1024")
	say("	if used[slot] { kfree(r[slot]); used[slot] = 0; frees = frees + 1; continue }")
	say("	x = (x ^ x << 13) & U32_MAX; x = x ^ x >> 17; x = (x ^ x << 5) & U32_MAX")
	say("	size = x % (8 << (x >> 28)) % 70000")
	say("	x = (x ^ x << 13) & U32_MAX; x = x ^ x >> 17; x = (x ^ x << 5) & U32_MAX")
	say("	r[slot] = kmalloc(size, x % 8 ? GFP_KERNEL : GFP_ATOMIC); used[slot] = 1")
	say("	if size { n = n + 1; bytes = bytes + ksize(r[slot]) }")
	say("}")
}

# An event of the module in a section whose calls are not logged.
function event(text,    kind) {
	if (text ~ / kmalloc: /) {
		random_calls++
		random_bytes += field(text, "bytes_alloc")
	} else if (text ~ / kfree: /) {
		random_frees += at(field(text, "ptr")) != 0
	} else if (text ~ / percpu_alloc_percpu: /) {
		number = "e" ++events
		say("q[" events "] = __alloc_percpu(" field(text, "size") ", " \
		    field(text, "align") ")")
		percpu(at(field(text, "ptr")) + 0, field(text, "size"), field(text, "align"),
		       "q[" events "]")
	} else if (text ~ / percpu_free_percpu: / && section ~ /^per-CPU memory: /) {
		say("free_percpu(" ours(field(text, "ptr")) ")")
	}
}

function make_call(ret,    text) {
	if (call == "")
		return
	text = call
	split_call(text)
	call = ""
	circumstances(1)
	if (!dispatch(ret))
		print "zoo-scenario: call " number ": " name "() is not known" | "cat 1>&2"
	# It gives back what these got, without a word.
	if (section ~ /^high orders/ && text ~ /GFP_ATOMIC|__GFP_NORETRY/)
		say(text ~ /^kmalloc/ ? "kfree(" element() ")" : \
		    "if " element() " != NULL { __free_pages(" element() ", " arg[2] ") }")
	if (behind ~ /kfree_rcu/)
		say("later[" nr_later++ "] = " element())
	circumstances(0)
}

# "in a timer", "on CPU 0".
function circumstances(begin,    cpu) {
	if (behind ~ /in a timer/)
		say("context " (begin ? "softirq" : "task"))
	if (!begin || behind !~ /on CPU [0-9]/)
		return
	cpu = behind
	gsub(/[^0-9]/, "", cpu)
	if (cpu != present_cpu)
		say("cpu " cpu)
	present_cpu = cpu
}

function dispatch(ret) {
	if (name ~ /^(kmalloc|kzalloc|kcalloc|kmalloc_array|k[mz]alloc_node)$/)
		call_small(ret)
	else if (name ~ /^(kmemdup|kstrdup|kasprintf)$/)
		call_copy(ret)
	else if (name == "krealloc")
		call_krealloc(ret)
	else if (name == "kfree_sensitive")
		call_sensitive(ret)
	else if (name ~ /^(v|kv|k)free$|^free_(percpu|pages?|pages_exact)$|^__free_pages?$/ ||
		 name ~ /^(put_page|vunmap|mempool_destroy)$/)
		call_free()
	else if (name ~ /^kmem_cache_create/)
		call_create(ret)
	else if (name ~ /^kmem_cache_z?alloc$/)
		call_cache_alloc(ret)
	else if (name == "kmem_cache_free")
		call_cache_free()
	else if (name == "kmem_cache_alloc_bulk")
		call_alloc_bulk(ret)
	else if (name == "kmem_cache_free_bulk")
		call_free_bulk()
	else if (name == "kmem_cache_shrink")
		call_shrink(ret)
	else if (name == "kmem_cache_destroy")
		call_destroy()
	else if (name ~ /^alloc_pages?$/)
		call_pages(ret)
	else if (name ~ /^(__get_free_pages|get_zeroed_page|alloc_pages_exact)$/)
		call_free_pages_of(ret)
	else if (name == "alloc_pages_bulk_array")
		call_page_bulk(ret)
	else
		return dispatch_rare(ret)
	return 1
}

function dispatch_rare(ret) {
	if (name ~ /^(v[mz]alloc|vmalloc_user|vmalloc_32|vmalloc_node|__vmalloc)$/)
		call_area(ret)
	else if (name == "vmap" || name == "vm_map_ram")
		call_map(ret)
	else if (name == "vm_unmap_ram")
		call_unmap()
	else if (name ~ /^kv/)
		call_kv(ret)
	else if (name ~ /percpu/)
		call_percpu(ret)
	else if (name ~ /^mempool_create/)
		call_create_pool(ret)
	else if (name == "mempool_alloc")
		call_pool_alloc(ret)
	else if (name == "mempool_free")
		call_pool_free()
	else if (name == "mempool_resize")
		call_pool_resize(ret)
	else if (name == "rcu_barrier")
		call_barrier()
	else
		return 0
	return 1
}

# What waited for its grace period is freed.
function call_barrier() {
	say("for i in 0.." nr_later - 1 " { kfree(later[i]) }")
	nr_later = 0
}

# One of the objects or pages that a call gave: "3 ffff..." or "3 page=ffff... pfn=0x1".
function bulk(text,    part, page, pfn) {
	split(text, part, " ")
	if (part[2] !~ /^page=/) {
		object("b[" part[1] "]", at(part[2]), bulk_of)
		return
	}
	page = at(field(text, "page"))
	pfn = at(field(text, "pfn"))
	own(page, "b[" part[1] "]")
	say("fb[" part[1] "] = page_to_pfn(b[" part[1] "])")
	reuse(pfn, 0, "fb[" part[1] "] == ")
	block_is(page, pfn, 0, "fb[" part[1] "]")
}

function line(text) {
	if (text ~ /^==== /) {
		make_call("")
		begin_section(substr(text, 6))
		return
	}
	if (text ~ /^event /) {
		event(text)
		return
	}
	if (text !~ /^[0-9]+ /)
		return
	if (text ~ /^[0-9]+ call /) {
		make_call("")
		number = text + 0
		call = text
		sub(/^[0-9]+ call /, "", call)
	} else if (sub(/^[0-9]+ ret /, "", text)) {
		make_call(text)
	} else if (text ~ /^[0-9]+ done/) {
		make_call("")
	} else if (sub(/^[0-9]+ bulk /, "", text)) {
		bulk(text)
	}
}

# How many blocks of order 7 there were in each zone.
function count_sevens(    i, title) {
	for (i = 1; i <= nr_lines; i++) {
		if (lines[i] ~ /^==== /)
			title = lines[i]
		if (title ~ /high orders/ && lines[i] ~ /call alloc_pages\(GFP_NOWAIT .* 7\)/)
			sevens[zone_name(field(lines[i + 1], "zone"))] += lines[i + 1] ~ /pfn=/
	}
}

# The first time to see what there will be, the second to tell it.
function run(i) {
	split("", owner); split("", known); split("", count); split("", block_begin)
	split("", area_at); split("", percpu_at); split("", last_page); split("", pairs)
	split("", stride); split("", align)
	split("", run_page); split("", run_start)
	split("", nr_freed)
	last_area = percpu_last = tabs = section = call = ""
	events = nr_later = present_cpu = mapped_pages = 0
	for (i = 1; i <= nr_lines; i++)
		line(lines[i])
	make_call("")
	end_section()
	for (i = 0; i < nr_classes; i++)
		finish_shape(class[i])
}

/ZOO start / {
	page_offset = at(field($0, "page_offset")) + 0
	vmalloc_start = at(field($0, "vmalloc_start")) + 0
	vmemmap = at(field($0, "vmemmap")) + 0
}

/ZOO [0-9=]/ {
	text = substr($0, index($0, "ZOO ") + 4)
	sub(/\r$/, "", text)
	lines[++nr_lines] = text
	if (text ~ /^====/)
		silent = text ~ /random|what is left|every other/
	next
}

silent && /call_site=zoo_/ || silent && /percpu_free_percpu:/ {
	lines[++nr_lines] = "event " $0
}

END {
	kernel = settings
	sub(/^.*kernel /, "", kernel)
	count_sevens()
	pass = 0
	run()
	pass = 1
	nr = split(settings, setting, "\n")
	for (i = 1; i <= nr; i++)
		if (setting[i] != "")
			print "set " setting[i]
	prime_kmalloc()
	run()
}
