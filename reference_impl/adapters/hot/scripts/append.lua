-- Give comments their places, all in one step: idempotency, seq, window, live hint.
-- KEYS 3..: idempotency keys. ARGV: term, entries and bytes that the window may hold, key lifetime (ms), publish
-- command or '', channel, head of the published batch, '1' if SQL is known not to know the keys, now (ms); then for
-- each comment: number of its key in KEYS (0: none), fingerprint, created_at_ms, what viewers get, what the archive
-- needs besides.
local hot = redis.call('HMGET', KEYS[1], 'term', 'open', 'run', 'durable', 'head', 'last_at', 'epoch', 'bytes',
  'unsure_until')
local is = standing(hot[1], hot[2], hot[3], hot[4])
if is == 'open' and hot[1] ~= ARGV[1] then is = 'other' end
if is ~= 'open' then return {is} end

local head, last_at, bytes = tonumber(hot[5]), tonumber(hot[6]), tonumber(hot[8])
local room, bytes_max = tonumber(ARGV[2]) - redis.call('XLEN', KEYS[2]), tonumber(ARGV[3])
local looked_up, unsure = ARGV[8] == '1', tonumber(ARGV[9]) < tonumber(hot[9])
local answers, shown = {}, {}

-- What is known of a key: '?' when SQL has to be asked.
local function find(key)
  if key == 0 then return false end
  local known = redis.call('GET', KEYS[key])
  if looked_up and known == '?' then return false end
  if not known and unsure and not looked_up then return '?' end
  return known
end

for at = 10, #ARGV, 5 do
  local key = tonumber(ARGV[at])
  local known = find(key)
  if known then
    answers[#answers + 1] = known
  elseif room < 1 or bytes >= bytes_max then
    answers[#answers + 1] = 'full'
  else
    head, room = head + 1, room - 1
    last_at = math.max(last_at, tonumber(ARGV[at + 2]))
    local seq, at_ms, viewers, archive = whole(head), whole(last_at), ARGV[at + 3], ARGV[at + 4]
    redis.call('XADD', KEYS[2], seq .. '-0', 'a', at_ms, 's', viewers, 'p', archive)
    bytes = bytes + #viewers + #archive
    if key > 0 then redis.call('SET', KEYS[key], ARGV[at + 1] .. ':' .. seq, 'PX', ARGV[4]) end
    answers[#answers + 1] = '+' .. seq .. ':' .. at_ms
    shown[#shown + 1] = '{"epoch":' .. hot[7] .. ',"seq":' .. seq .. ',"at_ms":' .. at_ms .. ',' .. viewers
  end
end

if #shown > 0 then
  redis.call('HSET', KEYS[1], 'head', whole(head), 'last_at', whole(last_at), 'bytes', whole(bytes))
  if ARGV[5] ~= '' then redis.call(ARGV[5], ARGV[6], ARGV[7] .. table.concat(shown, ',') .. ']}') end
end
return {'open', hot[7], answers}
