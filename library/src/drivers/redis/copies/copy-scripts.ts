import { redisScript } from '../connection/redis-script.ts'

/**
 * Reads the bookkeeping: epoch, and for a copy that is there its next sequence, its length and its head. `pcall` because a key of
 * a foreign type must not end a batch. Numbers are doubles, exact up to 2^53.
 */
const readBookkeeping = `
local function bookkeeping(key)
  local text = redis.pcall('GET', key)
  if type(text) ~= 'string' then return nil end
  local epoch, nextSequence, bytes, head = string.match(text, '^(%d+):(%d+):(%d+):(.*)$')
  if epoch then return tonumber(epoch), tonumber(nextSequence), tonumber(bytes), head end
  return tonumber(string.match(text, '^(%d+):%-$'))
end
local function length(key)
  local bytes = redis.pcall('STRLEN', key)
  if type(bytes) == 'table' then return -1 end
  return bytes
end
`

/**
 * Appends to many copies.
 * KEYS: copy and bookkeeping of each append. ARGV: lifetime and tombstone lifetime in seconds, longest copy in bytes;
 * then of each append its epoch, first sequence, number of messages, the id that they follow, their ids, their texts.
 * The new messages overwrite the closing bracket: nothing is decoded, and the cost does not grow with the copy.
 */
export const appendScript = redisScript(`${readBookkeeping}
local lifetime, tombstoneLifetime, longest = ARGV[1], ARGV[2], tonumber(ARGV[3])

local function keep(book, epoch, nextSequence, bytes, head)
  redis.call('SET', book, string.format('%s:%.0f:%.0f:%s', epoch, nextSequence, bytes, head), 'EX', lifetime)
end
local function bury(book, epoch)
  redis.call('SET', book, epoch .. ':-', 'EX', tombstoneLifetime)
end

local function append(copy, book, at, count)
  local epochText, from, follows = ARGV[at], tonumber(ARGV[at + 1]), at + 3
  local first, last = follows + count + 1, follows + 2 * count
  local head = ARGV[follows + count]
  local epoch = tonumber(epochText)
  local keptEpoch, nextSequence, bytes, keptHead = bookkeeping(book)
  if keptEpoch and keptEpoch > epoch then return 'fenced' end
  local found = length(copy)
  if nextSequence and keptEpoch < epoch then
    redis.call('DEL', copy)
    bury(book, epochText)
    nextSequence, found = nil, 0
  end
  if not nextSequence then
    if from > 0 or found ~= 0 then return 'absent' end
    local text = '[' .. table.concat(ARGV, ',', first, last) .. ']'
    if #text > longest then
      bury(book, epochText)
      return 'dropped'
    end
    redis.call('SET', copy, text, 'EX', lifetime)
    keep(book, epochText, count, #text, head)
    return 'appended'
  end
  if found ~= bytes then return 'absent' end
  if from > nextSequence then return 'early' end
  local after = from + count
  if after < nextSequence then return 'absent' end
  if ARGV[follows + nextSequence - from] ~= keptHead then
    redis.call('DEL', copy)
    bury(book, epochText)
    return 'absent'
  end
  if after == nextSequence then return 'present' end
  local text = table.concat(ARGV, ',', first + nextSequence - from, last) .. ']'
  if bytes > 2 then text = ',' .. text end
  local newBytes = bytes - 1 + #text
  if newBytes > longest then
    redis.call('DEL', copy)
    bury(book, epochText)
    return 'dropped'
  end
  redis.call('SETRANGE', copy, bytes - 1, text)
  redis.call('EXPIRE', copy, lifetime)
  keep(book, epochText, after, newBytes, head)
  return 'appended'
end

local outcomes = {}
local at = 4
for index = 1, #KEYS, 2 do
  local count = tonumber(ARGV[at + 2])
  outcomes[#outcomes + 1] = append(KEYS[index], KEYS[index + 1], at, count)
  at = at + 4 + 2 * count
end
return outcomes
`)

/**
 * Keeps a whole copy, whatever lay there, unless the guest's epoch was raised or a newer copy of ours is there.
 * KEYS: copy, bookkeeping, fill claim. ARGV: lifetime in seconds, epoch, next sequence, head, the copy.
 */
export const fillScript = redisScript(`${readBookkeeping}
local epoch, nextSequence, text = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
local keptEpoch, keptNext, bytes = bookkeeping(KEYS[2])
if keptEpoch and keptEpoch > epoch then return 'fenced' end
if keptEpoch == epoch and keptNext and keptNext > nextSequence and length(KEYS[1]) == bytes then return 'newer' end
redis.call('SET', KEYS[1], text, 'EX', ARGV[1])
redis.call('SET', KEYS[2], ARGV[2] .. ':' .. ARGV[3] .. ':' .. #text .. ':' .. ARGV[4], 'EX', ARGV[1])
redis.call('DEL', KEYS[3])
return 'filled'
`)

/**
 * Removes a copy, with what was set aside of the guest, and leaves a tombstone; a copy of a later epoch stays. Answers how
 * many keys with a history were removed.
 * KEYS: copy, bookkeeping, set aside. ARGV: tombstone lifetime in seconds, epoch.
 */
export const dropScript = redisScript(`${readBookkeeping}
local keptEpoch = bookkeeping(KEYS[2])
if keptEpoch and keptEpoch > tonumber(ARGV[2]) then return 0 end
local removed = redis.call('DEL', KEYS[1], KEYS[3])
redis.call('SET', KEYS[2], ARGV[2] .. ':-', 'EX', ARGV[1])
return removed
`)

/** Moves a foreign history away and lets it live for ever. KEYS: copy, set aside. */
export const asideScript = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PERSIST', KEYS[2])
return 1
`)
