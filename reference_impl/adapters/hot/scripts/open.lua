-- Open a stream for a term that SQL has given out. ARGV: term, head, last_at, epoch, '1' if every write here survives a
-- restart, until when (ms) keys must be looked up in SQL, if nothing is known of this stream here.
local hot = redis.call('HMGET', KEYS[1], 'term', 'run', 'durable', 'unsure_until', 'doubt')
if hot[1] and tonumber(hot[1]) >= tonumber(ARGV[1]) then return 0 end
local unsure_until = ARGV[6]
if hot[1] and hot[5] ~= '1' and (hot[3] == '1' or hot[2] == run()) then unsure_until = hot[4] end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'term', ARGV[1], 'open', '1', 'run', run(), 'durable', ARGV[5], 'head', ARGV[2],
  'last_at', ARGV[3], 'epoch', ARGV[4], 'bytes', '0', 'unsure_until', unsure_until, 'doubt', '0')
redis.call('PERSIST', KEYS[1])
return 1
