/* What a search of a made-up product of knobs finds, and what that costs. */
#ifndef HG_BENCH_SEARCH_PRODUCT_H
#define HG_BENCH_SEARCH_PRODUCT_H

/**
 * Prints lines for a product of 10^n_knobs settings: how far off the frontier is after 100 and 200
 * measurements, by the search and by chance; CPU time of a step at 300 results, and memory.
 * @param n_knobs  6 to 8
 */
void bench_product(int n_knobs, int seeds);

#endif
