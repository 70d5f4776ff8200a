import { defineConfig } from "@playwright/test";
import { browserOptions } from "./fixtures/browser";

// Two projects, the same scenarios: once as most people see the site, once without scripts.
// What needs scripts by its nature is in `*.hydrate.spec.ts`.
export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // The timings that some tests assert would be worth nothing with a second browser beside them.
  workers: 1,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: browserOptions,
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
  projects: [
    { name: "hydrated" },
    { name: "no-script", testIgnore: "**/*.hydrate.spec.ts", use: { javaScriptEnabled: false } },
  ],
});
