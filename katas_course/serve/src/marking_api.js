/** The calls of the marking server. */
import { calling } from "../../../graders/web/src/api.js";

const OFFLINE = "The server does not answer. What you have typed stays here; start the same `katas serve` again.";
const call = calling(OFFLINE);

/**
 * What the server answers. katas_course/serve/desk.py and piece.py make it.
 * @typedef {{id: number, label: string, points: number, comment: string}} Item of the rubric
 * @typedef {{kind: "fault", name: string, text: string}
 *     | {kind: "text", name: string, size: string, text: string}
 *     | {kind: "picture", name: string, size: string, address: string}
 *     | {kind: "other", name: string, size: string}} SubmittedFile
 * @typedef {{title: string, status: string, said: string}} Test
 * @typedef {{title: string, status: string, points: number, of: number}} OtherTask
 * @typedef {{number: number, kata: string, kata_title: string, task: string, title: string, rubric: string,
 *     maximum: number, person: string, people: number, names: string[], files: SubmittedFile[],
 *     result: {message: string, tests: Test[], others: OtherTask[]},
 *     score: {points: number, comment: string, by: string, at: string} | null, items: Item[], used: number[]}} Piece
 * @typedef {{piece: Piece | null, progress: string, note: string, end?: {title: string, skipped: boolean}}} Answer
 * @typedef {{kata: string, task: string, person: string, again: boolean}} Wanted
 * @typedef {{course: string, by: string, anonymous: boolean, progress: string, katas: string[],
 *     tasks: {kata: string, task: string}[], people: string[], chosen: Wanted}} Queue
 */

/** @type {() => Promise<Queue>} */
export const readQueue = () => call("GET", "/api/queue");

/** @type {(wanted: Wanted) => Promise<Answer>} */
export const choose = (wanted) => call("POST", "/api/choose", wanted);

/**
 * After a reload, open the piece that was open.
 * @type {() => Promise<Answer>}
 */
export const openFirst = () => call("POST", "/api/start", {});

/** @type {() => Promise<Answer>} */
export const openNext = () => call("POST", "/api/next", {});

/** @type {() => Promise<Answer>} */
export const openBefore = () => call("POST", "/api/back", {});

/** @type {(number: number) => Promise<Answer>} */
export const openAgain = (number) => call("POST", `/api/pieces/${number}/again`, {});

/** @type {(number: number, items: number[]) => Promise<{points: number, comment: string}>} */
export const scoreOf = (number, items) => call("POST", `/api/pieces/${number}/score`, { items });

/**
 * Give points and a comment.
 * @type {(number: number, given: {points: number, comment: string, items: number[]}) => Promise<{progress: string}>}
 */
export const give = (number, given) => call("POST", `/api/pieces/${number}/give`, given);

/** @type {(number: number, item: Omit<Item, "id">) => Promise<{items: Item[]}>} */
export const addItem = (number, item) => call("POST", `/api/pieces/${number}/items`, item);
