-- Posts messages to guests at random. Arguments: PREFIX GUESTS [STEP between their numbers [PAUSE_MS of a connection]]
local here = debug.getinfo(1, 'S').source:match('@(.*/)')
dofile(here .. '../measure/figures.lua')

local body = '{"role":"user","content":"I want to make a restaurant reservation for 2 people at half past 11."}'
local requests = {}

function init(args)
  local prefix, guests, step, pause = args[1], tonumber(args[2]), tonumber(args[3] or 1), tonumber(args[4] or 0)
  local headers = { ['content-type'] = 'application/json' }
  for guest = 1, guests do
    requests[guest] = wrk.format('POST', '/v1/guest/chat/' .. prefix .. guest * step, headers, body)
  end
  if pause > 0 then
    -- Spread, so that the connections do not march in step.
    delay = function() return math.random(0, 2 * pause) end
  end
end

function request()
  return requests[math.random(#requests)]
end
