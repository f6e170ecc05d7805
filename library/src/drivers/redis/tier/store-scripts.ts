import { redisScript } from '../connection/redis-script.ts'
import { slotKinds } from './slot-value.ts'

// Keys of a foreign type answer an error to GETRANGE and GET: `pcall`, for one key must not end a batch.
// Where a script answers a text, it is the error of that key alone.

const readHead = `
local function head(key)
  local text = redis.pcall('GETRANGE', key, 0, 16)
  if type(text) ~= 'string' then return nil, '' end
  return string.byte(text, 1), string.sub(text, 2)
end
`

/**
 * Keeps entries whose slot has the fence that they present.
 * KEYS: the slots. ARGV: of each the fence, the life in ms, the value. Answers 1 for kept, 0 for fenced.
 */
export const fillScript = redisScript(`${readHead}
local outcomes = {}
for index, key in ipairs(KEYS) do
  local at = index * 3 - 2
  local kind, fence = head(key)
  if kind ~= ${slotKinds.entry} and kind ~= ${slotKinds.tombstone} then fence = '' end
  if fence == ARGV[at] then
    local kept = redis.pcall('SET', key, ARGV[at + 2], 'PX', ARGV[at + 1])
    outcomes[index] = kept.err or 1
  else
    outcomes[index] = 0
  end
end
return outcomes
`)

/**
 * Reads fences, and plants one where nothing is, or a value of another program.
 * KEYS: the slots. ARGV: the life in ms, then of each what to plant. Answers the fences, each after a '+'.
 */
export const fencesScript = redisScript(`${readHead}
local fences = {}
for index, key in ipairs(KEYS) do
  local kind, fence = head(key)
  if (kind == ${slotKinds.entry} or kind == ${slotKinds.tombstone}) and #fence == 16 then
    fences[index] = '+' .. fence
  else
    local planted = redis.pcall('SET', key, ARGV[index + 1], 'PX', ARGV[1])
    fences[index] = planted.err or '+' .. string.sub(ARGV[index + 1], 2)
  end
end
return fences
`)

/**
 * Leaves tombstones. A Redis that is full refuses SET unless the script has changed something before: DEL comes first.
 * KEYS: the slots. ARGV: the life in ms, then of each its tombstone. Answers 1 where an entry was, else 0.
 */
export const removeScript = redisScript(`${readHead}
local outcomes = {}
for index, key in ipairs(KEYS) do
  local kind = head(key)
  redis.call('DEL', key)
  local kept = redis.pcall('SET', key, ARGV[index + 1], 'PX', ARGV[1])
  local was = kind == ${slotKinds.entry} and 1 or 0
  outcomes[index] = kept.err or was
end
return outcomes
`)

/**
 * Reads marks, makes those that are missing (in a full Redis too), and keeps each long enough: a quarter longer than
 * asked, so that most readings change nothing.
 * KEYS: the marks. ARGV: the life in ms, then of each the text to make it of. Answers the marks, each after a '+'.
 */
export const marksScript = redisScript(
  `
local marks = {}
local life = tonumber(ARGV[1])
local longer = string.format('%.0f', life * 1.25)
for index, key in ipairs(KEYS) do
  local mark = redis.pcall('GET', key)
  if type(mark) == 'string' then
    local left = redis.call('PTTL', key)
    if left >= 0 and left < life then redis.call('PEXPIRE', key, longer) end
    marks[index] = '+' .. mark
  else
    redis.call('DEL', key)
    local made = redis.pcall('SET', key, ARGV[index + 1], 'PX', longer)
    marks[index] = made.err or '+' .. ARGV[index + 1]
  end
end
return marks
`,
  'read',
)

/**
 * Sets new marks; a full Redis takes them too.
 * KEYS: the marks. ARGV: the life in ms, then of each its new text. Answers 1 for each.
 */
export const renewMarksScript = redisScript(`
local outcomes = {}
for index, key in ipairs(KEYS) do
  redis.call('DEL', key)
  local set = redis.pcall('SET', key, ARGV[index + 1], 'PX', ARGV[1])
  outcomes[index] = set.err or 1
end
return outcomes
`)
