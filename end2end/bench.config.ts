import base from "./playwright.config";

// A trace would take frames of its own.
export default {
  ...base,
  testDir: "bench",
  timeout: 300_000,
  reporter: [["line"]] as const,
  use: { ...base.use, trace: "off" as const, screenshot: "off" as const },
  projects: [{ name: "bench" }],
};
