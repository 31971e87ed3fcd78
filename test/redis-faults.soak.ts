/** The faults of redis-faults.test.ts with minutes of load before, during and after each. */
process.env.SLUICE_FAULT_SECONDS ??= '180'
await import('./redis-faults.test.ts')
