import type { EvictionPolicy, EvictionScene } from '../ports/eviction-policy.ts'
import { Ghosts } from './ghosts.ts'
import { SlotRings } from './slot-rings.ts'

/** The two queues, as numbers of their rings. */
const small = 0
const main = 1

/**
 * A slot's state: how often it was used of late, at most 3; whether it is in the main queue; there, whether it was passed
 * over since its last use, and whether that was on credit.
 */
const usesMask = 3
const mainBit = 4
const idleBit = 8
const creditBit = 16

/** Shares of the bound that the small queue may take. */
const firstShare = 0.1
const leastShare = 0.01
const mostShare = 0.95

/** What a returning key moves the small queue's target by, as a part of what it weighs. */
const step = 0.5

/** How many evicted keys of each queue are remembered, as a multiple of the entries held. */
const remembered = 1.25
/** The same where entries are weighed: there the four bytes of a remembered key are little beside an entry's. */
const rememberedOfWeighed = 3

/** An entry that weighs so many times the mean has to be used twice before it takes a place in the main queue. */
const heavy = 4

/** The part of the rounds on credit that has to be paid back by a use, for credit to go on. */
const fairReturn = 0.25
/** So many rounds on credit are looked back on. */
const creditMemory = 512
/** Taken to have been paid back at the start: uses follow later than rounds. */
const creditTrust = 64
/** One in so many slots gets credit all the same, so that it is known when it pays again. */
const creditSample = 16

/** How many used entries one eviction passes over before it takes the next, used or not: so that none takes long. */
const mostPassed = 256

/**
 * Two queues, after S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023). New entries wait
 * in the small one; at its end those that were used meanwhile go over to the main queue, the others are evicted and
 * remembered for a while. What returns while it is remembered goes to the main queue at once. There an entry gets another
 * round for each use, three at most. A use costs one byte written: nothing is moved until something has to go.
 *
 * Three things are different, so that loops, scans, drifting and bursty use are all served:
 * - The size of the small queue adapts, in the manner of ARC (Megiddo and Modha, FAST 2003): a key that returns after it
 *   was evicted from the small queue says that it was too small, one from the main queue that it was too large – the
 *   louder, the more nearly it had been kept.
 * - Rounds beyond the first are on credit. Where too few of them are followed by a use, because what was used much is
 *   not used again, no more are given.
 * - While the cache fills, what the small queue cannot hold goes to the main queue, so that a loop finds a part of itself
 *   kept. What is evicted from the main queue has to prove itself anew in the small one.
 */
export class AdaptivePolicy implements EvictionPolicy {
  readonly #scene: EvictionScene
  readonly #rings: SlotRings
  #states = new Uint8Array(0)
  #ghosts: Ghosts | undefined
  #held = 0
  #smallWeight = 0
  #mainWeight = 0
  /** How much the small queue should weigh. */
  #smallTarget: number
  /** Rounds on credit, and how many of them were followed by a use. */
  #granted = 0
  #paidBack = creditTrust
  /** Whether nothing had to go yet. */
  #isFilling = true

  constructor(scene: EvictionScene) {
    this.#scene = scene
    this.#rings = new SlotRings(2, scene.bound)
    this.#smallTarget = scene.bound * firstShare
  }

  grow(capacity: number): void {
    this.#rings.grow(capacity)
    this.#states = new Uint8Array(this.#states.buffer.transfer(capacity))
  }

  insert(slot: number): void {
    const recalled = this.#ghosts?.recall(this.#scene.hashOf(slot)) ?? 0
    if (recalled !== 0) this.#adapt(recalled, this.#scene.weightOf(slot))
    this.#held += 1
    this.#put(slot, recalled > 0 ? main : small)
    if (this.#isFilling) this.#overflowIntoMain()
  }

  touch(slot: number): void {
    // Slots lie below the capacity, here and below.
    const state = this.#states[slot] as number
    if (state >= creditBit) this.#paidBack += 1
    const known = state & (mainBit | usesMask)
    const next = (known & usesMask) < usesMask ? known + 1 : known
    // The hottest entries are read alone.
    if (next !== state) this.#states[slot] = next
  }

  evict(): number {
    this.#isFilling = false
    let patience = mostPassed
    while (this.#smallWeight >= this.#smallTarget || this.#rings.oldest(main) < 0) {
      const slot = this.#rings.oldest(small)
      if (patience === 0 || !this.#maySettle(slot)) return this.#giveUp(slot, small)
      this.#moveToMain(slot)
      patience -= 1
    }
    return this.#giveUp(this.#endOfMain(patience), main)
  }

  resize(slot: number, change: number): void {
    if (this.#queueOf(slot) === small) this.#smallWeight += change
    else this.#mainWeight += change
  }

  remove(slot: number): void {
    this.#take(slot)
    this.#held -= 1
  }

  clear(): void {
    this.#rings.clear()
    this.#states = new Uint8Array(0)
    this.#ghosts = undefined
    this.#held = 0
    this.#smallWeight = 0
    this.#mainWeight = 0
    this.#smallTarget = this.#scene.bound * firstShare
    this.#granted = 0
    this.#paidBack = creditTrust
    this.#isFilling = true
  }

  /** Puts an entry at the newest end of a queue, as one that has not been used there. */
  #put(slot: number, queue: typeof small | typeof main): void {
    this.#rings.push(queue, slot)
    const weight = this.#scene.weightOf(slot)
    if (queue === small) this.#smallWeight += weight
    else this.#mainWeight += weight
    this.#states[slot] = queue === small ? 0 : mainBit
  }

  #take(slot: number): void {
    const queue = this.#queueOf(slot)
    this.#rings.take(queue, slot)
    this.resize(slot, -this.#scene.weightOf(slot))
  }

  /** Whether an entry at the end of the small queue goes over to the main one. */
  #maySettle(slot: number): boolean {
    const uses = (this.#states[slot] as number) & usesMask
    return uses > 1 || (uses === 1 && this.#scene.weightOf(slot) <= heavy * this.#meanWeight())
  }

  /**
   * The entry whose turn it is to leave the main queue: one that was not used in the last round, and gets no other on
   * credit. What is passed over on the way to it changes nothing about the queues' weights.
   */
  #endOfMain(patience: number): number {
    const states = this.#states
    let slot = this.#rings.oldest(main)
    for (let passed = 0; passed < patience; passed += 1) {
      const state = states[slot] as number
      if ((state & usesMask) === 0) break
      const isIdle = (state & idleBit) !== 0
      if (isIdle && !this.#getsCredit(slot)) break
      states[slot] = (state - 1) | (isIdle ? creditBit : idleBit)
      slot = this.#rings.newerThan(slot)
    }
    this.#rings.turnTo(main, slot)
    return slot
  }

  #getsCredit(slot: number): boolean {
    if (slot % creditSample !== 0 && this.#paidBack < this.#granted * fairReturn) return false
    this.#granted += 1
    if (this.#granted === creditMemory) {
      this.#granted >>= 1
      this.#paidBack >>= 1
    }
    return true
  }

  /** Lets go of a slot, and remembers its key for a while. */
  #giveUp(slot: number, from: typeof small | typeof main): number {
    this.remove(slot)
    this.#remember(slot, from === main)
    return slot
  }

  #moveToMain(slot: number): void {
    this.#take(slot)
    this.#put(slot, main)
  }

  #queueOf(slot: number): typeof small | typeof main {
    return ((this.#states[slot] as number) & mainBit) === 0 ? small : main
  }

  #overflowIntoMain(): void {
    while (this.#smallWeight > this.#smallTarget) {
      this.#moveToMain(this.#rings.oldest(small))
    }
  }

  /** Moves the target by what returned, though by no more than a mean entry: one heavy entry says no more than others. */
  #adapt(recalled: number, weight: number): void {
    const { bound } = this.#scene
    const loudness = recalled * recalled * recalled * Math.abs(recalled)
    const target = this.#smallTarget + loudness * step * Math.min(weight, this.#meanWeight())
    this.#smallTarget = Math.min(Math.max(target, bound * leastShare), bound * mostShare)
  }

  #meanWeight(): number {
    return (this.#smallWeight + this.#mainWeight) / Math.max(1, this.#held)
  }

  #remember(slot: number, fromMain: boolean): void {
    // The number of entries that fit is known in advance only where entries are counted; elsewhere it changes.
    const isWeighed = this.#smallWeight + this.#mainWeight > this.#held
    const lifetime = Math.ceil((this.#held + 1) * (isWeighed ? rememberedOfWeighed : remembered))
    const capacity = this.#ghosts?.capacity ?? 0
    if (this.#ghosts === undefined || lifetime > capacity * 1.5 || lifetime < capacity / 16) {
      this.#ghosts = new Ghosts(lifetime, this.#ghosts)
    }
    this.#ghosts.remember(this.#scene.hashOf(slot), fromMain, lifetime)
  }
}
