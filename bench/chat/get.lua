-- Reads histories of guests at random. Arguments: PREFIX GUESTS
local here = debug.getinfo(1, 'S').source:match('@(.*/)')
dofile(here .. '../measure/figures.lua')

local requests = {}

function init(args)
  local prefix, guests = args[1], tonumber(args[2])
  for guest = 1, guests do
    requests[guest] = wrk.format('GET', '/v1/guest/chat/' .. prefix .. guest)
  end
end

function request()
  return requests[math.random(#requests)]
end
