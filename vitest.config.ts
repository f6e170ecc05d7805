import { defineConfig } from 'vitest/config'
import { ClosingSummary } from './testbed/closing-summary.ts'

const limits = { testTimeout: 30_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', new ClosingSummary()],
    projects: [
      {
        test: {
          ...limits,
          name: 'all',
          include: [
            'library/test/**/*.test.ts',
            'server/test/**/*.test.ts',
            'dashboard/test/**/*.test.ts',
            'docs/**/*.test.ts',
          ],
        },
      },
      {
        // The switch that turns all caching off leaves every call working: the same tests of HTTP, with it.
        test: {
          ...limits,
          name: 'without caches',
          include: ['server/test/http/**/*.test.ts', 'server/test/contract/guest-chat.test.ts'],
          env: { REPRISE_TEST_ENABLE_CACHE: 'false' },
        },
      },
    ],
  },
})
