/** Small values that this browser keeps: widths, sizes, places. */

/** Return the value that was kept under a key, or `otherwise`. */
export function read(key, otherwise, storage = "localStorage") {
    try {
        return JSON.parse(window[storage].getItem(key) ?? "null") ?? otherwise;
    } catch {
        return otherwise;
    }
}

export function keep(key, value, storage = "localStorage") {
    try {
        window[storage].setItem(key, JSON.stringify(value));
    } catch {
        // The storage is full or disabled. The value counts until the page is left.
    }
}
