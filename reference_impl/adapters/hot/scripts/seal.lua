-- Close a stream for a term that SQL has given out, and say how it stood. ARGV: term, lifetime of what is sealed (ms).
local hot = redis.call('HMGET', KEYS[1], 'term', 'open', 'run', 'durable', 'doubt')
if hot[1] and tonumber(hot[1]) > tonumber(ARGV[1]) then return 'other' end
local is = standing(hot[1], hot[2], hot[3], hot[4])
if is == 'sealed' and hot[5] == '1' then is = 'doubt' end
local doubt = (is == 'doubt' or is == 'missing') and '1' or '0'
redis.call('HSET', KEYS[1], 'term', ARGV[1], 'open', '0', 'run', run(), 'doubt', doubt)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return is
