/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hot loop: whole lines of the commonest events, in the key order that kernels print.
 *
 * 1. Nearly all lines of a kmem recording are a dozen event types whose text has had one order of
 *    keys since 2.6.32; generations differ by keys that came in (name, node, accounted) or changed
 *    their spelling (call sites, pointers). So each type is one straight run of literal compares
 *    and number scans, with the late-comers optional.
 * 2. Nothing is searched: not the line's end (it is where the last field ends), not the keys.
 *    Anything unexpected, a foreign key, a cut line, a name with a blank, gives the line to the
 *    general code, which alone may judge it. A line taken here is one that the general code would
 *    read the same (a test holds them against each other).
 * 3. Texts become numbers through caches that compare bytes (text_cache.h).
 *
 * The scanners need no bounds: see text_scan.h.
 */
#include <config.h>

#include "text.h"
#include "text_cache.h"
#include "text_scan.h"

static const char *fast_line(struct text *text, const char *s, struct event *ev);
static const char *fast_context(struct text *text, const char *s, struct event *ev);
static const char *fast_flags(const char *s, struct event *ev);
static const char *fast_time(const struct text *text, const char *s, struct event *ev);
static const char *fast_event(struct text *text, const char *s, struct event *ev);
static const char *fast_page_event(struct text *text, const char *s, struct event *ev);
static const char *fast_site(struct text *text, const char *s, struct event *ev);
static const char *fast_ptr(struct text *text, const char *s, uint64_t *ret);
static const char *fast_slab_alloc(struct text *text, const char *s, struct event *ev);
static const char *fast_slab_free(struct text *text, const char *s, struct event *ev);
static const char *fast_slab_name(struct text *text, const char *s, struct event *ev);
static const char *fast_mask(struct text *text, const char *s, uint32_t *ret);
static const char *fast_page(struct text *text, const char *s, struct event *ev);
static const char *fast_small(const char *s, uint8_t *ret);

/* Each step gives where the next begins, or NULL: not for this code. */
#define STEP(call)                                                                            \
	do {                                                                                  \
		s = (call);                                                                   \
		if (unlikely(!s))                                                             \
			return NULL;                                                          \
	} while (0)
#define EXPECT(literal)                                                                       \
	do {                                                                                  \
		if (unlikely(!SCAN_IS(s, literal)))                                           \
			return NULL;                                                          \
		s += SCAN_LEN(literal);                                                       \
	} while (0)

void text_fast_run(struct text *text, struct event_batch *batch)
{
	const char *at = text->at;
	uint64_t nr_lines = 0;

	/* The general code reads the first event and with it the clock's unit. */
	if (!text->clock_known)
		return;
	while (at < text->limit && batch->nr < batch->cap) {
		struct event *ev = &batch->events[batch->nr];
		const char *end;

		__builtin_prefetch(at + 1024);
		end = fast_line(text, at, ev);
		if (unlikely(!end))
			break;
		if (unlikely(text->nr_pending))
			text_deliver_loss(text, batch, ev);
		batch->nr++;
		nr_lines++;
		at = end + 1;
	}
	if (nr_lines) {
		text->last = batch->events[batch->nr - 1];
		text->mark_open = false;
		text->in_stack = true;
		text->trace->info.has_context |= !!(batch->events[batch->nr - 1].flags &
						    EVENT_F_CONTEXT);
	}
	text->trace->info.nr_lines += nr_lines;
	text->at = at;
}

bool text_fast_event(struct text *text, const char *s, const char *e, struct event *ev)
{
	if (SCAN_IS(s, "kmem:"))
		s += SCAN_LEN("kmem:");
	return fast_event(text, s, ev) == e;
}

/* Where the line's newline is. */
static const char *fast_line(struct text *text, const char *s, struct event *ev)
{
	*ev = (struct event){ 0 };
	STEP(fast_context(text, s, ev));
	STEP(fast_event(text, s, ev));
	return *s == '\n' ? s : NULL;
}

/* "            init-1       [000] d..1.     1.245311: " */
static const char *fast_context(struct text *text, const char *s, struct event *ev)
{
	const char *comm = s;
	uint64_t number;

	if (unlikely(s[TEXT_COMM_WIDTH] != '-'))
		return NULL;
	STEP(scan_dec(s + TEXT_COMM_WIDTH + 1, &number));
	if (unlikely(number > INT32_MAX || *s != ' '))
		return NULL;
	ev->pid = (int32_t)number;
	s = scan_blanks(s);
	if (*s == '(') {
		s = scan_token_end(scan_blanks(s + 1));
		if (s[-1] != ')')
			return NULL;
		s = scan_blanks(s);
	}
	EXPECT("[");
	STEP(scan_dec(s, &number));
	if (unlikely(number > UINT16_MAX))
		return NULL;
	ev->cpu = (uint16_t)number;
	EXPECT("] ");
	STEP(fast_flags(s, ev));
	STEP(fast_time(text, scan_blanks(s), ev));
	/* Last, so that a foreign line leaves nothing in the tables. */
	ev->comm = text_comm(text, comm);
	return s;
}

/* Five, four or no characters of flags. */
static const char *fast_flags(const char *s, struct event *ev)
{
	size_t len = *s == ' ' || (*s >= '0' && *s <= '9') ? 0 : s[5] == ' ' ? 5 : 4;

	if (!len)
		return s;
	if (unlikely(s[len] != ' '))
		return NULL;
	/* Nine of ten events happen in a task with all enabled. */
	if (likely(s[0] == '.' && s[2] == '.'))
		ev->flags = EVENT_F_CONTEXT;
	else
		ev->flags = text_context_flags(s, len);
	return s + len;
}

/*
 * Seconds, and six digits (tracefs, report) or nine (report -t, our own text) behind the point; or
 * the number of a clock that is not in ns.
 */
static const char *fast_time(const struct text *text, const char *s, struct event *ev)
{
	uint64_t seconds, part, last;

	STEP(scan_dec(s, &seconds));
	if (unlikely(text->trace->info.unit != TRACE_CLOCK_NS)) {
		EXPECT(": ");
		ev->time = seconds;
		return s;
	}
	EXPECT(".");
	if (unlikely(seconds > UINT64_MAX / 1000000000 - 1))
		return NULL;
	if (likely(s[6] == ':')) {
		if (unlikely(!scan_dec6(s, &part)))
			return NULL;
		ev->time = seconds * 1000000000 + part * 1000;
		s += 6;
	} else {
		last = (unsigned char)s[8] - (uint64_t)'0';
		if (s[9] != ':' || last > 9 || !scan_dec8_word(scan_load8(s), &part))
			return NULL;
		ev->time = seconds * 1000000000 + part * 10 + last;
		s += 9;
	}
	EXPECT(": ");
	return s;
}

/* What trace-cmd's plugin puts before the fields: "(kernel_clone+0xc2) ". */
static ALWAYS_INLINE const char *skip_prefix(const char *s)
{
	s = scan_blanks(s);
	if (unlikely(*s == '(')) {
		s = scan_token_end(s);
		if (s[-1] == ')' && *s == ' ')
			s++;
	}
	return s;
}

static const char *fast_event(struct text *text, const char *s, struct event *ev)
{
	if (SCAN_IS(s, "kmem_cache_")) {
		s += SCAN_LEN("kmem_cache_");
		if (SCAN_IS(s, "free: ")) {
			ev->type = EVENT_CACHE_FREE;
			STEP(fast_slab_free(text, skip_prefix(s + SCAN_LEN("free: ")), ev));
			return *s == ' ' ? fast_slab_name(text, s + 1, ev) : s;
		}
		if (SCAN_IS(s, "alloc: ")) {
			ev->type = EVENT_CACHE_ALLOC;
			return fast_slab_alloc(text, skip_prefix(s + SCAN_LEN("alloc: ")), ev);
		}
		ev->type = EVENT_CACHE_ALLOC_NODE;
		EXPECT("alloc_node: ");
		return fast_slab_alloc(text, skip_prefix(s), ev);
	}
	if (SCAN_IS(s, "mm_page_"))
		return fast_page_event(text, s + SCAN_LEN("mm_page_"), ev);
	if (SCAN_IS(s, "kfree: ")) {
		ev->type = EVENT_KFREE;
		return fast_slab_free(text, skip_prefix(s + SCAN_LEN("kfree: ")), ev);
	}
	if (SCAN_IS(s, "kmalloc: ")) {
		ev->type = EVENT_KMALLOC;
		return fast_slab_alloc(text, skip_prefix(s + SCAN_LEN("kmalloc: ")), ev);
	}
	ev->type = EVENT_KMALLOC_NODE;
	EXPECT("kmalloc_node: ");
	return fast_slab_alloc(text, skip_prefix(s), ev);
}

/* Behind "mm_page_". */
static const char *fast_page_event(struct text *text, const char *s, struct event *ev)
{
	if (SCAN_IS(s, "alloc: ")) {
		ev->type = EVENT_PAGE_ALLOC;
		s += SCAN_LEN("alloc: ");
	} else if (SCAN_IS(s, "free: ")) {
		ev->type = EVENT_PAGE_FREE;
		s += SCAN_LEN("free: ");
	} else if (SCAN_IS(s, "alloc_zone_locked: ")) {
		ev->type = EVENT_ZONE_LOCKED;
		s += SCAN_LEN("alloc_zone_locked: ");
	} else if (SCAN_IS(s, "free_batched: ")) {
		ev->type = EVENT_PAGE_FREE_BATCHED;
		s += SCAN_LEN("free_batched: ");
	} else {
		ev->type = EVENT_PCPU_DRAIN;
		EXPECT("pcpu_drain: ");
	}
	STEP(fast_page(text, scan_blanks(s), ev));
	if (ev->type == EVENT_PAGE_FREE || ev->type == EVENT_PAGE_FREE_BATCHED)
		return s;
	EXPECT(" migratetype=");
	STEP(fast_small(s, &ev->page.migratetype));
	if (ev->type == EVENT_PAGE_ALLOC) {
		EXPECT(" gfp_flags=");
		STEP(fast_mask(text, s, &ev->page.gfp));
	} else if (ev->type == EVENT_ZONE_LOCKED && *s == ' ') {
		EXPECT(" percpu_refill=");
		STEP(fast_small(s, &ev->page.percpu_refill));
		if (ev->page.percpu_refill > 1)
			return NULL;
	}
	return s;
}

/* "call_site=func+0x1a/0x60 [mod] " */
static const char *fast_site(struct text *text, const char *s, struct event *ev)
{
	const char *end;

	EXPECT("call_site=");
	end = scan_token_end(s);
	if (unlikely(end[0] == ' ' && end[1] == '[')) {
		end = scan_token_end(end + 1);
		if (end[-1] != ']')
			return NULL;
	}
	if (unlikely(*end != ' ' || end == s) ||
	    unlikely(!text_site(text, s, (size_t)(end - s), &ev->site)))
		return NULL;
	return end + 1;
}

/* "ptr=" in one of its spellings: 16 digits, 0x and digits, (nil). */
static const char *fast_ptr(struct text *text, const char *s, uint64_t *ret)
{
	EXPECT("ptr=");
	if (likely(scan_hex16(s, ret))) {
		text->nr_wide += *ret != 0;
		text->wide_bits |= *ret;
		return s + 16;
	}
	if (SCAN_IS(s, "0x"))
		return scan_hex(s + 2, ret);
	if (SCAN_IS(s, "(nil)"))
		return s + SCAN_LEN("(nil)");
	return NULL;
}

static const char *fast_slab_alloc(struct text *text, const char *s, struct event *ev)
{
	uint64_t node;

	STEP(fast_site(text, s, ev));
	STEP(fast_ptr(text, s, &ev->slab.ptr));
	EXPECT(" ");
	if (*s == 'n') {
		STEP(fast_slab_name(text, s, ev));
		EXPECT(" ");
	}
	EXPECT("bytes_req=");
	STEP(scan_dec(s, &ev->slab.bytes_req));
	EXPECT(" bytes_alloc=");
	STEP(scan_dec(s, &ev->slab.bytes_alloc));
	EXPECT(" gfp_flags=");
	STEP(fast_mask(text, s, &ev->slab.gfp));
	ev->slab.node = -1;
	if (SCAN_IS(s, " node=")) {
		s += SCAN_LEN(" node=");
		if (likely(SCAN_IS(s, "-1"))) {
			s += 2;
		} else {
			STEP(scan_dec(s, &node));
			if (node > INT16_MAX)
				return NULL;
			ev->slab.node = (int16_t)node;
		}
	}
	if (SCAN_IS(s, " accounted=")) {
		s += SCAN_LEN(" accounted=");
		if (SCAN_IS(s, "false")) {
			s += SCAN_LEN("false");
		} else {
			EXPECT("true");
			ev->slab.accounted = 1;
		}
	}
	if (unlikely(!ev->slab.ptr))
		ev->flags |= EVENT_F_FAILED;
	return s;
}

static const char *fast_slab_free(struct text *text, const char *s, struct event *ev)
{
	ev->slab.node = -1;
	STEP(fast_site(text, s, ev));
	return fast_ptr(text, s, &ev->slab.ptr);
}

/* "name=" and one word. */
static const char *fast_slab_name(struct text *text, const char *s, struct event *ev)
{
	const char *end;

	EXPECT("name=");
	end = scan_token_end(s);
	if (unlikely(end == s || !text_word(text, s, (size_t)(end - s), &ev->slab.name)))
		return NULL;
	return end;
}

static const char *fast_mask(struct text *text, const char *s, uint32_t *ret)
{
	const char *end = scan_token_end(s);

	if (unlikely(end == s || !text_mask(text, s, (size_t)(end - s), ret)))
		return NULL;
	return end;
}

/* "page=fffff38f000cdb00 pfn=0x336c order=0" */
static const char *fast_page(struct text *text, const char *s, struct event *ev)
{
	uint64_t page;

	if (likely(SCAN_IS(s, "page="))) {
		s += SCAN_LEN("page=");
		if (likely(scan_hex16(s, &page))) {
			s += 16;
		} else if (SCAN_IS(s, "0x")) {
			STEP(scan_hex(s + 2, &page));
		} else {
			EXPECT("(nil)");
			page = 0;
		}
		if (!text->dialect->page_nonsense)
			ev->page.page = page;
		EXPECT(" ");
	}
	EXPECT("pfn=");
	if (likely(SCAN_IS(s, "0x")))
		STEP(scan_hex(s + 2, &ev->page.pfn));
	else
		STEP(scan_dec(s, &ev->page.pfn));
	EXPECT(" order=");
	STEP(fast_small(s, &ev->page.order));
	if (unlikely(ev->page.pfn == 0 || ev->page.pfn == UINT32_MAX))
		ev->page.pfn = EVENT_PFN_FAILED;
	if (unlikely(ev->page.pfn == EVENT_PFN_FAILED) && ev->type == EVENT_PAGE_ALLOC)
		ev->flags |= EVENT_F_FAILED;
	return s;
}

/* One or two decimal digits: orders, migratetypes. */
static const char *fast_small(const char *s, uint8_t *ret)
{
	unsigned int digit = (unsigned char)*s - (unsigned int)'0';
	unsigned int next = (unsigned char)s[1] - (unsigned int)'0';

	if (unlikely(digit > 9))
		return NULL;
	*ret = (uint8_t)digit;
	if (likely(next > 9))
		return s + 1;
	*ret = (uint8_t)(digit * 10 + next);
	return (unsigned char)s[2] - (unsigned int)'0' > 9 ? s + 2 : NULL;
}
