-- Reads histories of guests at random. Arguments: PREFIX GUESTS [STEP between their numbers]
local here = debug.getinfo(1, 'S').source:match('@(.*/)')
dofile(here .. '../measure/figures.lua')

local requests = {}

function init(args)
  local prefix, guests, step = args[1], tonumber(args[2]), tonumber(args[3] or 1)
  for guest = 1, guests do
    requests[guest] = wrk.format('GET', '/v1/guest/chat/' .. prefix .. guest * step)
  end
end

function request()
  return requests[math.random(#requests)]
end
