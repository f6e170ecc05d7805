import type { Scenario } from './scenario.ts'
import { adversarialKeys } from './scenarios/adversarial-keys.ts'
import { boundInBytes } from './scenarios/bound-in-bytes.ts'
import { coherence } from './scenarios/coherence.ts'
import { failingLoader } from './scenarios/failing-loader.ts'
import { freshNamespaces } from './scenarios/fresh-namespaces.ts'
import { invalidationElsewhere } from './scenarios/invalidation-elsewhere.ts'
import { invalidationHere } from './scenarios/invalidation-here.ts'
import { mutatingCaller } from './scenarios/mutating-caller.ts'
import { onCluster } from './scenarios/on-cluster.ts'
import { redisKilled } from './scenarios/redis-killed.ts'
import { redisStalled } from './scenarios/redis-stalled.ts'
import { tagCheckCost } from './scenarios/tag-check-cost.ts'
import { unboundedIndex } from './scenarios/unbounded-index.ts'

/** Every scenario, by its name. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [
    ...invalidationHere,
    ...invalidationElsewhere,
    freshNamespaces,
    failingLoader,
    redisStalled,
    redisKilled,
    adversarialKeys,
    mutatingCaller,
    tagCheckCost,
    ...onCluster,
    boundInBytes,
    unboundedIndex,
    ...coherence,
  ].map(scenario => [scenario.name, scenario]),
)
