/** Loaded into a measured server before its own code: tells its CPU time when asked, and ends it when the bench is gone. */
process.on("message", () => process.send?.(process.cpuUsage()));
process.once("disconnect", () => process.exit(0));
