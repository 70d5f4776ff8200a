import base from "./playwright.config";

export default { ...base, testDir: "screenshots", timeout: 300_000, projects: [{ name: "screenshots" }] };
