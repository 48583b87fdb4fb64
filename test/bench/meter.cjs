'use strict';

// Loaded into a measured process: at its end it writes its processor time and its peak memory to $BENCH_METER.

const fs = require('node:fs');

/** Where /proc is, of this program alone; getrusage would count what its parent had before exec too. */
function peakBytes(usage) {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
    return Number(kilobytes) * 1024;
  } catch {
    return usage.maxRSS * 1024;
  }
}

process.on('exit', () => {
  const usage = process.resourceUsage();
  const processorMs = (usage.userCPUTime + usage.systemCPUTime) / 1000;
  const report = JSON.stringify({ processorMs, peakBytes: peakBytes(usage) });
  fs.writeFileSync(process.env.BENCH_METER, report);
});
