-- Every script begins with this. KEYS[1] is the stream's standing, KEYS[2] its window: a Redis stream whose ids are seq.
local function run()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
end

local function whole(number)
  return string.format('%.0f', number)
end

-- How Redis knows the stream: 'open', 'sealed', 'missing', or 'doubt' when this is no longer the server that wrote it
-- down, and nothing says that every write has survived. (A sealed one may have been opened since, and that be lost.)
local function standing(term, open, written_by, durable)
  if not term then return 'missing' end
  if durable ~= '1' and written_by ~= run() then return 'doubt' end
  return open == '1' and 'open' or 'sealed'
end
