import { boundsAndExplain } from './bounds-and-explain.ts'
import { coherence } from './coherence.ts'
import { fencedFills } from './fenced-fills.ts'
import { freshness } from './freshness.ts'
import { keysAndValues } from './keys-and-values.ts'
import { oneDeadline } from './one-deadline.ts'
import type { Scenario } from './scenario.ts'
import { singleFlight } from './single-flight.ts'
import { wholeStores } from './whole-stores.ts'

/** What every cache promises, whatever lies behind its memory. */
export const allPromises: readonly Scenario[] = [
  ...fencedFills,
  ...oneDeadline,
  ...singleFlight,
  ...coherence,
  ...keysAndValues,
  ...boundsAndExplain,
  ...wholeStores,
  ...freshness,
]
