-- Add work to a part, all of it or none. KEYS: stream. ARGV: how much it may hold, then the pieces.
if redis.call('XLEN', KEYS[1]) + #ARGV - 1 > tonumber(ARGV[1]) then return 0 end
for at = 2, #ARGV do redis.call('XADD', KEYS[1], '*', 'd', ARGV[at]) end
return 1
