import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["**/*", "!src/**"] },
  {
    files: ["src/**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: "tsconfig.json" } },
    rules: {
      // An async method that awaits nothing rejects where it would else throw.
      "@typescript-eslint/require-await": "off",
      // The browser's types promise what older browsers and pages without https do not have.
      "@typescript-eslint/no-unnecessary-condition": "off",
      // LiveKit's log levels are the numbers that TRTC has.
      "@typescript-eslint/no-unsafe-enum-assignment": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
);
