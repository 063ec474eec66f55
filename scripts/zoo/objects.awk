# SPDX-License-Identifier: GPL-2.0-or-later
# zoo-scenario: small objects: the kmalloc() family and caches.

# Object "name", theirs at "a", of the cache whose objects are in array "of".
function object(name, a, of,    key, old) {
	own(a, name)
	key = of SUBSEP a
	if (!pass)
		note_place(of, int(a / 4096))
	if (key in known) {
		expect(name " == " of "[" known[key] "]")
		return
	}
	old = known[key] = count[of] + 0
	count[of]++
	if (old)
		expect("find(" name ", " of "[], " old ") == -1")
	say(of "[" old "] = " name)
	# What the reserve of a pool took before is not in the log.
	if (of !~ /^m[0-9]/)
		slab_of(of, old, int(a / 4096))
	note_shape(of, old, a)
	if (!pass)
		note_fresh(of, a)
}

# New object "i", theirs, lies on page frame "page". As long as that stays the same, so does our
# slab; where it changes, ours does if theirs is another of slabs as large as ours.
function slab_of(of, i, page) {
	if (i && page == run_page[of])
		return
	if (i) {
		end_run(of, i)
		expect("(" of_one_slab(of, i, i - 1) ") == ((" dec(page) " ^ " \
		       dec(run_page[of]) ") < z_" of ")")
	} else {
		say("z_" of " = slab_size(" of "[0]) / PAGE_SIZE")
	}
	run_page[of] = page
	run_start[of] = i
}

# The objects from the start of the run to the one before "i" are of one slab.
function end_run(of, i) {
	if (i > run_start[of] + 1)
		expect(of_one_slab(of, run_start[of], i - 1))
}

# Two of our objects are of one slab: slabs lie at multiples of their size.
function of_one_slab(of, i, j) {
	return "(virt_to_pfn(" of "[" i "]) ^ virt_to_pfn(" of "[" j "])) < z_" of
}

# What the addresses of a cache have in common.
function note_shape(of, i, a,    page) {
	page = int(a / 4096)
	if (!i || lowest_bit(a) < align[of])
		align[of] = lowest_bit(a)
	if (i && page == last_page[of]) {
		stride[of] = gcd(distance(a, last_at[of]), stride[of])
		pairs[of]++
	}
	last_page[of] = page
	last_at[of] = a
}

# Whoever takes an object from elsewhere has used up the slab before. Pages apart like these are of
# two slabs whatever the order.
function note_place(of, page) {
	if (of in place && int(page / 8) != int(place[of] / 8))
		used_up[of, dec(place[of])] = 1
	place[of] = page
}

# New objects by page, in the order in which their pages were come to.
function note_fresh(of, a,    page) {
	page = dec(int(a / 4096))
	if (!((of, page) in page_nr)) {
		page_nr[of, page] = nr_pages[of]++
		fresh_page[of, page_nr[of, page]] = page
	}
	fresh[of, page_nr[of, page]]++
}

# What all of them are aligned to, and what their distances on a page are multiples of.
function finish_shape(of,    nr) {
	nr = count[of]
	if (nr)
		end_run(of, nr)
	if (nr < 8)
		return
	say("g = 0; for i in 0.." nr - 1 " { g = g | (" of "[i] - NULL) }")
	expect("g % " align[of] * 2 " == " align[of])
	if (pairs[of] < 6)
		return
	say("d = 0")
	say("for i in 1.." nr - 1 " {")
	say("	if virt_to_pfn(" of "[i]) != virt_to_pfn(" of "[i - 1]) { continue }")
	say("	a = abs(" of "[i] - " of "[i - 1])")
	say("	while a { b = d % a; d = a; a = b }")
	say("}")
	expect("d == " stride[of])
}

# Slabs with as many free objects as theirs had: the first the cpu slab, the others waiting in the
# order in which they were come to. Behind the last that had not all of them free all were new; that
# holds of the very last, too, unless it was used up.
# "take" takes an object, "give" gives x[i] back.
function prime(of, take, give,    i) {
	for (i = 0; i < nr_pages[of]; i++)
		say("t[" i "] = " fresh_page[of, i] "; u[" i "] = " fresh[of, i])
	say("x[0] = " take "; z = slab_size(x[0]) / PAGE_SIZE; most = objs_per_slab(x[0]); n = 0")
	say("for i in 0.." nr_pages[of] - 1 " {")
	say("	s = find(t[i] / z, y[], n)")
	say("	if s < 0 { s = n; y[s] = t[i] / z; v[s] = 0; n = n + 1 }")
	say("	v[s] = v[s] + u[i]")
	say("}")
	say("last = 0")
	say("for i in 0..n - " (used_up[of, fresh_page[of, nr_pages[of] - 1]] ? 1 : 2) " step 1 {" \
	    " if v[i] < most { last = i } }")
	say("if n < 2 { v[0] = most }")
	say("for i in 1..(last + 1) * most - 1 step 1 { x[i] = " take " }")
	say("for s in 0..last - 1 step 1 {")
	say("	for i in s * most..s * most + v[last - s] - 1 step 1 { " give " }")
	say("}")
	say("for i in last * most..last * most + v[0] - 1 step 1 { " give " }")
}

# A cache of the same kind that was there before, of objects of "size" bytes: theirs was merged
# with it.
function prime_cache(cache, size,    of, create) {
	of = "o_" cache
	if (name ~ /usercopy/ || list(4, nr_args) ~ /ctor=1|SLAB_NO_MERGE|SLAB_TYPESAFE_BY_RCU/)
		return
	if (nr_pages[of] < 2 && (size == "" || size == arg[2]))
		return
	say("other = kmem_cache_create(\"other_" cache "\", " (size == "" ? arg[2] : size) ", " \
	    list(3, 4) ")")
	prime(of, "kmem_cache_alloc(other, GFP_KERNEL)", "kmem_cache_free(other, x[i])")
}

# The caches of kmalloc() that the log uses.
function prime_kmalloc(    i, of, take) {
	say("section \"before: free objects in the slabs of kmalloc()\"")
	for (i = 0; i < nr_classes; i++) {
		of = class[i]
		if (nr_pages[of] < 2)
			continue
		say("# " of)
		take = "kmalloc(" class_size[of] ", " class_gfp[of] ")"
		prime(of, take, "kfree(x[i])")
	}
}

# kmalloc_type(): which of its caches kmalloc() takes.
function kmalloc_array_of(size, gfp) {
	if (gfp ~ /GFP_DMA( |$)/)
		return "dma" size
	if (gfp ~ /__GFP_RECLAIMABLE/)
		return "rcl" size
	if (gfp ~ /ACCOUNT/)
		return "cg" size
	return "k" size
}

function kmalloc_object(a, size, gfp,    of) {
	of = kmalloc_array_of(size, gfp)
	if (!(of in class_size)) {
		class[nr_classes++] = of
		class_size[of] = size
		class_gfp[of] = gfp
	}
	object(element(), a, of)
}

# Memory of the kmalloc() family: "ffff... ksize=128 pfn=0x1".
function small(ret, gfp,    a, size) {
	a = address(ret)
	if (a == 0) {
		expect("fail")
		return
	}
	if (a == 16) {
		expect(element() " == ZERO_SIZE_PTR")
		return
	}
	a = dec(a)
	own(a, element())
	size = field(ret, "ksize") + 0
	if (!size) {
		expect("ok")
		return
	}
	expect("ksize " size)
	expect("zone " (gfp ~ /GFP_DMA( |$)/ ? "DMA" : "!= DMA"))
	if (size <= 8192)
		kmalloc_object(a, size, gfp)
	else
		block(a, at(field(ret, "pfn")), order_of(size), "virt_to_pfn(" element() ")")
}
