print("swctr")
