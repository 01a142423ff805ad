static int inner = "text" + ;
