import type { Static } from 'typebox'
import type { CleanupReceipts, Explained, Keys, Receipts } from './admin/cache-schemas.ts'
import type { DeadItems, Guests, Migrations, Overview, Redriven } from './admin/chat-schemas.ts'
import type { CacheReport } from './admin/figures/present.ts'
import type { CacheHistoryAnswer, CacheStatsAnswer } from './admin/stats-answer.ts'
import type { Usage } from './gateway/accounting/usage-route.ts'
import type { GuestErased } from './http/answers/erase-answer.ts'
import type { Found } from './http/search/search-answer.ts'

/** What the admin API answers, and those of the chat's and gateway's routes that operators call: types alone. */
export type CacheStats = Static<typeof CacheStatsAnswer>
export type CacheHistory = Static<typeof CacheHistoryAnswer>
export type CacheFigures = Static<typeof CacheReport>
export type ClearReceipts = Static<typeof Receipts>
export type CleanupReceipt = Static<typeof CleanupReceipts>
export type ExplainedEntry = Static<typeof Explained>
export type FoundKeys = Static<typeof Keys>
export type ChatOverview = Static<typeof Overview>
export type ActiveGuests = Static<typeof Guests>
export type MigrationList = Static<typeof Migrations>
export type OutboxState = Static<typeof DeadItems>
export type RedriveReceipt = Static<typeof Redriven>
export type UsageReport = Static<typeof Usage>
export type FoundMessages = Static<typeof Found>
export type EraseReceipt = Static<typeof GuestErased>
