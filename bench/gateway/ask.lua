-- Asks one and the same chat completion again and again. Arguments: FILE with the body, then
-- headers as NAME=VALUE
local here = debug.getinfo(1, 'S').source:match('@(.*/)')
dofile(here .. '../measure/figures.lua')

local request_text

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  local body = file:read('*a')
  file:close()
  local headers = { ['content-type'] = 'application/json', ['authorization'] = 'Bearer sk-bench' }
  for place = 2, #args do
    local name, value = args[place]:match('^([^=]+)=(.*)$')
    headers[name] = value
  end
  request_text = wrk.format('POST', '/v1/chat/completions', headers, body)
end

function request()
  return request_text
end
