"""What gives way first when not everything can be kept: levels, proven minimal one by one."""
