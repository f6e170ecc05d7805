import { defineConfig } from 'vitest/config'
import { ClosingSummary } from './testbed/closing-summary.ts'

export default defineConfig({
  test: {
    include: [
      'library/test/**/*.test.ts',
      'server/test/**/*.test.ts',
      'dashboard/test/**/*.test.ts',
      'docs/**/*.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default', new ClosingSummary()],
  },
})
