print("swctrd")
