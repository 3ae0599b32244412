#ifndef MYNAH_ALLOCATION_COUNTER_H
#define MYNAH_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted: not under a sanitizer, which brings an allocator of its own.
bool allocation_counter_works(void);

/// Calls of malloc, calloc, realloc and their aligned kin that the calling thread has made so far.
int64_t allocation_counter_value(void);

#endif
