/** The calls of the katas' server. */
import { calling } from "../../../graders/web/src/api.js";

const AGAIN = `katas serve --port ${location.port || 80}`; // another port would leave this page waiting
const call = calling(`The server does not answer. Your text is kept here; start \`${AGAIN}\` again.`);

/**
 * What the server answers. katas_page/app.py, files.py, pane.py, tryout.py and trainings.py make it.
 * @typedef {Record<string, {name: string, meaning: string}[]>} Choices names to choose from, by their keys in the file
 * @typedef {{name: string, text: string | null, digest: string, why: string, editable: boolean, language: string,
 *     choices: Choices | null, optional: boolean}} KataFile
 * @typedef {{slug: string, title: string, readme: string, files: KataFile[], has_solution: boolean,
 *     is_puzzle: boolean, has_hidden_tests: boolean, largest: number, patterns: string[], starter: string,
 *     trains: string[], derives: boolean}} Kata
 * @typedef {{ask: string, choices: string[], order: number[], said: number | null, run: string}} Prediction
 *     the first of the choices is right; `said` is -1 if the question was skipped
 * @typedef {{title: string, of: number, answered: number, seed: number, ask: string, choices: string[]}} Derivation
 *     the next question, which is empty if all are answered
 * @typedef {{slug: string, title: string}} Named
 * @typedef {{file: string, line: number, said: string}} Mark a line that has a fault
 * @typedef {{slug: string, status: string | null, score: string, grading: boolean, activity: string, verdict: string,
 *     notes: string[], hints: string[], hints_left: number, visible: boolean, done: boolean, next: Named | null,
 *     first: Named | null, files: Record<string, string | null>, pictures: string[], marks: Mark[],
 *     plots: boolean}} Snapshot
 * @typedef {{slug: string, title: string, kind: string, heading: string, adds: string, builds_on: string[],
 *     difficulty: number, minutes: number, best: number, done_on: string, tries: number, points: number}} ListedKata
 * @typedef {{slug: string, fault: string}} Broken
 * @typedef {{slug: string, title: string, unit: string, digits: string, labels: number[], read: number[],
 *     texts: [number, string][], points: [number, number | null][]}} Built
 * @typedef {{katas: ListedKata[], built: {digits?: Built, text?: Built}, broken: Broken[],
 *     next: {slug: string, why: string} | null, summary: string,
 *     warning: string, progress: boolean, kept_in: string}} Overview
 * @typedef {{slug: string, name: string, level: number, program: string, best: number, points: number,
 *     attempts: number, solved_on: string, fault: string}} Puzzle
 * @typedef {{puzzles: Puzzle[], levels: {level: number, name: string}[], families: string[]}} Puzzles
 * @typedef {{name: string, text: string, own: string | null}} SolvedFile `own` is the learner's text
 * @typedef {{output: string, value: string, fault: string, figures: string[], seconds: number}} Tried
 * @typedef {[name: string, activation: number | null, gradient: number | null]} Layer
 * @typedef {{done: boolean, fault: string, note: string, begins: boolean, settings: Record<string, number>,
 *     unit: string, title: string, of: number, step: number, points: [number, number | null, number | null][],
 *     sizes: Layer[], weights: string, digits: string, labels: number[], read: number[], text: string,
 *     levels: Record<string, number>, test: string, ladder: string[], reached: [number, string][],
 *     writes: string[], prompt: string, output: string}} Frame parts that are empty are missing
 * @typedef {{run: number, branch: string, program: string, frames: Partial<Frame>[], paused: boolean, ended: boolean,
 *     can_go_on: boolean, has_file: boolean, waits_for: string, unkept: string} | {run: null}} TrainingNews
 * @typedef {{run: number, ended: boolean, when: string, program: string, reached: string, kb: number}} KeptTraining
 * @typedef {{probabilities: number[], fault: string}} Reading
 * @typedef {{text: string, likely: [string, number | null][], tokens: string[], heads: number[], attention: string,
 *     fault: string}} Written the tokens attend in [blocks, heads], with a byte of base64 for each pair of them
 */

const kataPath = (/** @type {string} */ slug) => `/api/katas/${encodeURIComponent(slug)}`;

/** @type {() => Promise<Overview>} */
export const listKatas = () => call("GET", "/api/katas");

/** @type {() => Promise<Puzzles>} */
export const listPuzzles = () => call("GET", "/api/puzzles");

/**
 * Make a puzzle, or one like another puzzle.
 * @type {(wishes: {level: number | null, family: string | null, seed: number | null} | {like: string})
 *     => Promise<{slug: string}>}
 */
export const makePuzzle = (wishes) => call("POST", "/api/puzzles", wishes);

/** @type {(slug: string) => Promise<Kata>} */
export const readKata = (slug) => call("GET", kataPath(slug));

export const eventsPath = (/** @type {string} */ slug) => `${kataPath(slug)}/events`;

/** @type {(slug: string, anyway: boolean) => Promise<{html: string, solution: SolvedFile[]}>} */
export const readExplanation = (slug, anyway) =>
    call("GET", `${kataPath(slug)}/explanation${anyway ? "?anyway=1" : ""}`);

/** @type {(slug: string) => Promise<Derivation>} */
export const readDerivation = (slug) => call("GET", `${kataPath(slug)}/derivation`);

/** @type {(slug: string) => Promise<{predictions: Prediction[]}>} */
export const listPredictions = (slug) => call("GET", `${kataPath(slug)}/predictions`);

/** @type {(slug: string, number: number, choice: number) => Promise<{}>} */
export const predict = (slug, number, choice) => call("POST", `${kataPath(slug)}/predictions`, { number, choice });

/**
 * Answer a question of the derivation or, without an answer, set how many are answered.
 * @type {(slug: string, how: {number: number, seed?: number, answer?: string}) =>
 *     Promise<{right: boolean, was_read: boolean, said: string}>}
 */
export const answerDerivation = (slug, how) => call("POST", `${kataPath(slug)}/derivation`, how);

/**
 * Write a file that still has the digest `base`.
 * @param {string} slug
 * @param {string} name
 * @param {string} text
 * @param {string} base
 * @param {boolean} [keepalive] whether the call outlives the page
 * @returns {Promise<{digest: string}>}
 */
export function writeFile(slug, name, text, base, keepalive = false) {
    const path = name.split("/").map(encodeURIComponent).join("/");
    return call("PUT", `${kataPath(slug)}/files/${path}`, { text, base }, keepalive);
}

/**
 * Run lines of the learner's own, and return what came of them.
 * @type {(slug: string, text: string) => Promise<Tried>}
 */
export const runLines = (slug, text) => call("POST", `${kataPath(slug)}/try`, { text });
export const stopLines = (/** @type {string} */ slug) => call("POST", `${kataPath(slug)}/try/stop`, {});

/**
 * Begin a training with the learner's files, or go on with one, and return its number.
 * @type {(slug: string, how: {program?: string, settings: Record<string, number>, rate: number, continues?: number})
 *     => Promise<{run: number}>}
 */
export const beginTraining = (slug, how) => call("POST", `${kataPath(slug)}/train`, how);

/**
 * Wait a moment for what has happened since a number of frames, in a training or in the latest one.
 * @type {(slug: string, how: {run: number | null, since: number, branch: string}) => Promise<TrainingNews>}
 */
export const trainingNews = (slug, how) => call("POST", `${kataPath(slug)}/train/news`, how);

/** @type {(slug: string) => Promise<{trainings: KeptTraining[]}>} */
export const listTrainings = (slug) => call("GET", `${kataPath(slug)}/trainings`);

/**
 * Change how fast a training goes on: steps a second, 0 for as many as possible; a pause; single steps.
 * @type {(slug: string, how: {run: number | null, rate?: number, paused?: boolean, once?: number}) => Promise<{}>}
 */
export const paceTraining = (slug, how) => call("POST", `${kataPath(slug)}/train/pace`, how);

/** @type {(slug: string, run: number | null) => Promise<{}>} */
export const stopTraining = (slug, run) => call("POST", `${kataPath(slug)}/train/stop`, { run });

/** @type {(slug: string, run: number | null) => Promise<{}>} */
export const forgetTraining = (slug, run) => call("POST", `${kataPath(slug)}/train/forget`, { run });

/**
 * Let the program of a training try its network, and say what it can do.
 * @type {(slug: string, run: number | null) => Promise<{said: string, fault: string}>}
 */
export const testNetwork = (slug, run) => call("POST", `${kataPath(slug)}/train/test`, { run });

/**
 * Let the language model of a training go on with a prompt.
 * @type {(slug: string, what: {run: number | null, prompt: string, how: Record<string, number | null>})
 *     => Promise<Written>}
 */
export const writeWithModel = (slug, what) => call("POST", `${kataPath(slug)}/train/write`, what);

/**
 * Return what a training has trained, as one HTML file.
 * @type {(slug: string, run: number | null) => Promise<{name: string, text: string}>}
 */
export const exportTraining = (slug, run) => call("POST", `${kataPath(slug)}/train/export`, { run });

/**
 * Let the trained network read a digit of 28 x 28 bytes.
 * @type {(slug: string, run: number | null, pixels: Uint8Array) => Promise<Reading>}
 */
export const readDigit = (slug, run, pixels) =>
    call("POST", `${kataPath(slug)}/train/digit`, { run, pixels: btoa(String.fromCharCode(...pixels)) });

/** Ask for a grading, a hint or another action. Its effect arrives as an event. */
export function act(/** @type {string} */ slug, /** @type {string} */ action, body = {}) {
    return call("POST", `${kataPath(slug)}/${action}`, body);
}
