/** The rules of eslint for the pages' JavaScript and for the scripts that build it. */
import js from "@eslint/js";
import globals from "globals";

const scripts = ["katas_page/web/*.js"]; // run by node

export default [
    { ignores: ["**/static/", "**/node_modules/"] },
    js.configs.recommended,
    { ignores: scripts, languageOptions: { globals: globals.browser } },
    { files: scripts, languageOptions: { globals: globals.node } },
];
