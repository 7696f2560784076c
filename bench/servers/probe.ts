/** Loaded into a measured server before its own code: tells its CPU time and memory when asked, and ends it when the bench is gone. */
process.on("message", (asked) =>
  process.send?.(asked === "memory" ? process.memoryUsage().rss : process.cpuUsage()),
);
process.once("disconnect", () => process.exit(0));
