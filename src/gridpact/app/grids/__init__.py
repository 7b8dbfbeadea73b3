"""Markets on a grid as people give them: a file of the grid, files of orders, baseline, offers."""
