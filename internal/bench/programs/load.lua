-- What wrk sends: the file that is its argument, as it is, and as often as it
-- says at once. At its end it prints what it has counted, in one line.
local request

function init(args)
	local file = assert(io.open(args[1], "rb"))
	local one = file:read("*a")
	file:close()
	request = one:rep(tonumber(args[2]))
	wrk.format = function() return request end
end

function done(summary, latency)
	local e = summary.errors
	print(string.format("counted %d %d %d %d %d %d %d %d %d %d",
		summary.requests, summary.duration, summary.bytes,
		e.connect, e.read, e.write, e.status, e.timeout,
		latency:percentile(50), latency:percentile(99)))
end
