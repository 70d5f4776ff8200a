import { defineConfig } from "@playwright/test";
import { browserOptions } from "./fixtures/browser";
import type { WorkerOptions } from "./fixtures/test";

// The same scenarios three times: as most people see the site, without scripts, and, where several people meet, on a
// site of two instances. What needs scripts by its nature is in `*.hydrate.spec.ts`.
export default defineConfig<object, WorkerOptions>({
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
    { name: "instances", testMatch: /(channel|chat|follow|golive|grace|pictures)\.hydrate\.spec\.ts/, use: { instances: 2 } },
  ],
});
