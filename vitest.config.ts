import { defineConfig } from 'vitest/config'

/** Random tests repeat themselves unless asked not to. */
const setupFiles = ['./test/support/seed.ts']

const system = {
  setupFiles,
  pool: 'forks' as const,
  fileParallelism: false,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Daemons stand in sbin, and those that the machine lacks in .cache (test/services/install.sh).
  env: { PATH: `${import.meta.dirname}/.cache/services/bin:${process.env.PATH}:/usr/sbin:/sbin` },
}

/** Unit tests stand beside the code; what needs real services or several modules is in test/. */
export default defineConfig({
  test: {
    projects: [
      // Files share the modules they import, which takes half of the time.
      {
        test: {
          setupFiles,
          name: 'unit',
          include: ['src/**/*.test.ts'],
          pool: 'forks',
          isolate: false,
          testTimeout: 20_000,
        },
      },
      { test: { ...system, name: 'system', include: ['test/**/*.test.ts'] } },
      { test: { ...system, name: 'soak', include: ['test/**/*.soak.ts'], testTimeout: 3_600_000 } },
    ],
  },
})
