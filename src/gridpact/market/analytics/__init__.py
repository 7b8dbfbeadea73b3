"""What a market did, in the figures that markets are judged by."""
