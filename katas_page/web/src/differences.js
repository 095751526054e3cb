/** Compare two texts line by line. */

const MOST_STEPS = 4_000_000; // of the table; longer texts are compared without it

/**
 * Return which lines of each text have no partner in the other. Spaces at the end of a line don't count.
 * @returns {[Set<number>, Set<number>]} the numbers of the lines, from 0
 */
export function differences(one, other) {
    const [a, b] = [one, other].map((text) => text.split(/\r\n|\r|\n/).map((line) => line.trimEnd()));
    const [inA, inB] = [new Set(a.keys()), new Set(b.keys())];
    for (const [i, j] of partners(a, b)) {
        inA.delete(i);
        inB.delete(j);
    }
    for (const [lines, left] of [[a, inA], [b, inB]]) {
        left.forEach((number) => lines[number] || left.delete(number)); // an empty line is no difference to look at
    }
    return [inA, inB];
}

/** Return the pairs of lines that are equal, in an order that both texts have. */
function partners(a, b) {
    let start = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) {
        start += 1;
    }
    let [i, j] = [a.length, b.length];
    const found = [...Array(start).keys()].map((number) => [number, number]);
    while (i > start && j > start && a[i - 1] === b[j - 1]) {
        found.push([(i -= 1), (j -= 1)]);
    }
    if ((i - start) * (j - start) <= MOST_STEPS) {
        found.push(...longest(a.slice(start, i), b.slice(start, j)).map((pair) => pair.map((each) => each + start)));
    }
    return found;
}

/** Return the pairs of the longest common subsequence. */
function longest(a, b) {
    const rows = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i -= 1) {
        for (let j = b.length - 1; j >= 0; j -= 1) {
            rows[i][j] = a[i] === b[j] ? rows[i + 1][j + 1] + 1 : Math.max(rows[i + 1][j], rows[i][j + 1]);
        }
    }
    const found = [];
    for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
        if (a[i] === b[j]) {
            found.push([i++, j++]);
        } else if (rows[i + 1][j] >= rows[i][j + 1]) {
            i += 1;
        } else {
            j += 1;
        }
    }
    return found;
}
