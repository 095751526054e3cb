/** Random numbers for figures. A seed always gives the same ones, so a picture changes only with its controls. */

/** Return a function that returns numbers from 0 to 1, made by the generator mulberry32. */
export function uniform(seed) {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

/** Return `count` samples of the normal distribution, by the method of Box and Muller. */
export function normal(count, seed) {
    const next = uniform(seed);
    return Float64Array.from({ length: count }, () => {
        return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    });
}
