// The jobs of the tests' worker: what untrusted input may do to a process.
import { serveJobs } from "@khui/service/worker";

const held = [];

serveJobs(async (job) => {
  switch (job.do) {
    case "echo":
      return job.bytes;
    case "fail":
      throw Object.assign(new Error("it failed"), { code: "ENOENT", details: { most: 3 } });
    case "hang":
      for (;;);
    case "grow":
      for (;;) held.push(Buffer.alloc(16 * 1024 * 1024, 1));
    case "crash":
      process.abort();
      break;
    case "pid":
      return process.pid;
    case "environment":
      return Object.keys(process.env);
  }
});
