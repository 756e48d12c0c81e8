-- OSRM's own car profile without its excludable classes (toll, motorway, ferry): nobody asks for routes
-- that avoid them, and each combination costs a copy of the cell metrics (a quarter of the disk and memory without).

api_version = 4

local car = require('car')
local Sequence = require('lib/sequence')

return {
  setup = function()
    local profile = car.setup()
    profile.excludable = Sequence {}
    return profile
  end,
  process_way = car.process_way,
  process_node = car.process_node,
  process_turn = car.process_turn
}
