-- Asks for the same paths in turn. Arguments: how many there are.
local here = debug.getinfo(1, 'S').source:match('@(.*/)')
dofile(here .. '../measure/figures.lua')

local requests = {}
local at = 0

function init(args)
  for path = 1, tonumber(args[1]) do
    requests[path] = wrk.format('GET', '/item/' .. path)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
