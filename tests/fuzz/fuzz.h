/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * What a fuzz target offers, under the names that libFuzzer calls, so that a target links with
 * clang's -fsanitize=fuzzer as well as with driver.c (see there).
 */
#ifndef KMREPLAY_TESTS_FUZZ_H
#define KMREPLAY_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Runs the code under test on "size" bytes; returns 0. A finding is an abort or a sanitizer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
