-- A window is a sorted set: a comment's seq, and VERSION:COMMENT, where the comment is as it was after event VERSION at
-- the least. Places that were taken ahead of a hole wait in another, by their first seq.

-- What there is of a window, and nothing when a part of it was evicted: what is left has holes then.
local function standing_of(keys)
  local fields = {'epoch', 'from', 'through', 'concerned', 'size', 'made_ms', 'cost_ms', 'copies', 'copies_ms'}
  local found, standing = redis.call('HMGET', keys[1], unpack(fields)), {}
  for at, field in ipairs(fields) do standing[field] = tonumber(found[at]) end
  if standing.epoch and redis.call('ZCARD', keys[2]) ~= standing.size then
    redis.call('DEL', unpack(keys))
    return {}
  end
  return standing
end

local function now_ms()
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

local function put(window, from, values, at)
  while values[at] do
    local seq, version, comment = values[at], tonumber(values[at + 1]), values[at + 2]
    if tonumber(seq) >= from then
      local there = redis.call('ZRANGEBYSCORE', window, seq, seq)[1]
      if not there or tonumber(there:match('^%d+')) <= version then
        redis.call('ZREMRANGEBYSCORE', window, seq, seq)
        redis.call('ZADD', window, seq, values[at + 1] .. ':' .. comment)
      end
    end
    at = at + 3
  end
end

-- Keep the newest; answers where the window begins then.
local function trim(window, from, size_max)
  local over = redis.call('ZCARD', window) - size_max
  if over <= 0 then return from end
  local last = redis.call('ZRANGE', window, over - 1, over - 1, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYRANK', window, 0, over - 1)
  return tonumber(last) + 1
end

local function idle_as(standing, keys)
  local left_ms = redis.call('PTTL', standing)
  for _, key in ipairs(keys) do redis.call('PEXPIRE', key, left_ms + 60000) end
end

