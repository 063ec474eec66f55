/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that chunks keep their books in (pcpu_alloc_chunk(), pcpu_mem_zalloc()): what a chunk
 * costs before it serves anything. Boot's chunks have theirs from memblock. Where the host does not
 * ask for books, a recording shows them as requests of their own.
 */
#include <config.h>

#include "percpu_internal.h"

#include "kmreplay/abi/gfp.h"
#include "kmreplay/core/bits.h"

#include <string.h>

enum { BLOCK_SIZE = 32 }; /* bytes of struct pcpu_block_md */

/* struct pcpu_chunk without its bitmap of pages, for Debian's configurations. */
static const struct {
	struct kernel_version since;
	uint64_t size;
} structs[] = { { { 7, 0 }, 128 }, { { 6, 2 }, 192 }, { { 0, 0 }, 136 } };
#define STRUCT_32BIT 92

void pcpu_books_init(struct percpu *p, const struct machine_config *config)
{
	const uint64_t pages = p->layout.unit_size / KERNEL_PAGE_SIZE;
	const uint64_t bits = pages * PCPU_BLOCK_BITS;
	const uint64_t word = config->arch == ARCH_X86_32 ? 4 : 8;
	const uint64_t word_bits = word * 8;
	size_t i = 0;

	while (kernel_version_cmp(config->kernel, structs[i].since) < 0)
		i++;
	p->is_32bit = word == 4;
	p->book_sizes[PCPU_BOOK_CHUNK] = (p->is_32bit ? STRUCT_32BIT : structs[i].size) +
					 bits_align_up(pages, word_bits) / 8;
	p->book_sizes[PCPU_BOOK_ALLOC_MAP] = bits_align_up(bits, word_bits) / 8;
	p->book_sizes[PCPU_BOOK_BOUND_MAP] = bits_align_up(bits + 1, word_bits) / 8;
	p->book_sizes[PCPU_BOOK_BLOCKS] = pages * BLOCK_SIZE;
	p->book_sizes[PCPU_BOOK_OWNERS] = bits * word;
}

bool pcpu_books_get(struct percpu *p, unsigned int cpu, uint64_t books[PCPU_BOOK_NR], uint32_t gfp,
		    struct mm_outcome *outcome)
{
	memset(books, 0, PCPU_BOOK_NR * sizeof(*books));
	for (unsigned int i = 0; i < PCPU_BOOK_NR && p->ops.book_alloc; i++) {
		const struct mm_outcome book = p->ops.book_alloc(p->ctx, cpu, p->book_sizes[i],
								 gfp | GFP_BIT_ZERO);

		mm_outcome_add(outcome, book);
		if (!mm_ok(book)) {
			outcome->failure = book.failure;
			pcpu_books_put(p, cpu, books);
			return false;
		}
		books[i] = book.addr;
		p->stats.book_bytes += p->book_sizes[i];
	}
	return true;
}

void pcpu_books_put(struct percpu *p, unsigned int cpu, const uint64_t books[PCPU_BOOK_NR])
{
	for (unsigned int i = 0; i < PCPU_BOOK_NR; i++) {
		if (!books[i])
			continue;
		p->ops.book_free(p->ctx, cpu, books[i], p->book_sizes[i]);
		p->stats.book_bytes -= p->book_sizes[i];
	}
}

bool pcpu_books_pages(struct percpu *p, unsigned int cpu, struct mm_outcome *outcome)
{
	const uint64_t pages = p->layout.unit_size / KERNEL_PAGE_SIZE * p->nr_cpus;
	struct mm_outcome book;

	if (!p->ops.book_alloc || p->pages_book)
		return true;
	book = p->ops.book_alloc(p->ctx, cpu, pages * (p->is_32bit ? 4 : 8),
				 GFP_BITS_KERNEL | GFP_BIT_ZERO);
	mm_outcome_add(outcome, book);
	p->pages_book = book.addr;
	outcome->failure = book.failure;
	return mm_ok(book);
}
