-- A page of a window. KEYS: standing, window, ahead. ARGV: epoch, head, 'before' or 'after', seq ('' for the newest),
-- limit, idle (ms), copies. Answers what became of it, from, through, size, age (ms), cost (ms), the comments.
local standing = standing_of(KEYS)
if standing.epoch ~= tonumber(ARGV[1]) then return {'missing'} end
local idle_ms = tonumber(ARGV[6])
redis.call('PEXPIRE', KEYS[1], idle_ms)
redis.call('PEXPIRE', KEYS[2], idle_ms + 60000)
redis.call('PEXPIRE', KEYS[3], idle_ms + 60000)
if tonumber(ARGV[7]) > 1 then redis.call('HSET', KEYS[1], 'copies', ARGV[7], 'copies_ms', now_ms()) end
local from, through, limit = standing.from, standing.through, tonumber(ARGV[5])
local found, comments = 'hit', {}
if through < tonumber(ARGV[2]) then
  found = 'behind'
elseif ARGV[3] == 'before' then
  local below = tonumber(ARGV[4]) or through + 1
  if below > through + 1 then
    found = 'beyond'
  else
    comments = redis.call('ZREVRANGEBYSCORE', KEYS[2], below - 1, from, 'LIMIT', 0, limit)
    if #comments < limit and from > 1 then found, comments = 'older', {} end
  end
elseif tonumber(ARGV[4]) > through then
  found = 'beyond'
elseif tonumber(ARGV[4]) < from - 1 then
  found = 'older'
else
  comments = redis.call('ZRANGEBYSCORE', KEYS[2], tonumber(ARGV[4]) + 1, through, 'LIMIT', 0, limit)
end
return {found, from, through, standing.size, now_ms() - standing.made_ms, standing.cost_ms, comments}
