-- Every script begins with this. KEYS[1] is the stream's standing, KEYS[2] its window: a Redis stream whose ids are seq.
local function run()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
end

local function whole(number)
  return string.format('%.0f', number)
end

-- How Redis knows the stream: 'open', 'sealed', 'missing', or 'doubt' when this is no longer the server that opened it
-- and nothing says that every write has survived.
local function standing(term, open, opened_by, durable)
  if not term then return 'missing' end
  if open ~= '1' then return 'sealed' end
  if durable ~= '1' and opened_by ~= run() then return 'doubt' end
  return 'open'
end
