/**
 * Build the bundle of `katas serve`: app.js, app.css and LICENSES.txt; and that of the marking page: marking.js and
 * marking.css, in a folder that learners do not get. KATAS_STATIC replaces both folders.
 *
 * The bundle is committed, so that learners need no npm. The same sources and package-lock.json give the same bytes.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const course = path.join(here, "..", "..", "katas_course", "serve");
const folder = process.env.KATAS_STATIC || path.join(here, "..", "static");

/** @satisfies {import("esbuild").BuildOptions} */
const settings = {
    absWorkingDir: here,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none", // the licences are in LICENSES.txt
    metafile: true,
};
const result = await build({ ...settings, entryPoints: { app: "src/main.js" }, outdir: folder });
if (existsSync(course)) {
    const marking = { marking: path.join(course, "src", "marking.js") }; // it contains no packages
    await build({ ...settings, entryPoints: marking, outdir: process.env.KATAS_STATIC || path.join(course, "static") });
}

/** Return the names of the packages that are part of the bundle, sorted. */
function bundledPackages() {
    const { inputs } = result.metafile.outputs[path.relative(here, path.join(folder, "app.js"))];
    const names = Object.keys(inputs)
        .filter((file) => inputs[file].bytesInOutput > 0)
        .map((file) => file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
        .filter(Boolean);
    return [...new Set(names)].sort();
}

/** Return the text of a package's licence, under a heading with its name and version. */
function licence(name) {
    const root = path.join(here, "node_modules", name);
    const about = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
    const file = readdirSync(root).find((each) => /^licen[cs]e/i.test(each));
    if (about.license !== "MIT" || !file) {
        throw new Error(`${name}: expected the MIT licence and its text, found ${about.license} and ${file}`);
    }
    return `${name} ${about.version}\n\n${readFileSync(path.join(root, file), "utf8").trim()}\n`;
}

const head = "app.js contains parts of these packages.\n";
const parts = [head, ...bundledPackages().map(licence)];
writeFileSync(path.join(folder, "LICENSES.txt"), parts.join(`\n${"-".repeat(80)}\n\n`));
